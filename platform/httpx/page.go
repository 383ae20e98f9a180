package httpx

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// How long what people are shown may be kept. What is named by a hash of itself
// never changes (RFC 8246); what speaks for a user is nobody else's.
const (
	cacheForever    = "public, max-age=31536000, immutable"
	cacheRevalidate = "no-cache"
	cacheNever      = "no-store"
)

// compressed is how a body is sent to those who take it.
const compressed = "gzip"

// Asset is a file that does not change while the program runs.
type Asset struct {
	contentType string
	packed      []byte // compressed with gzip
	tag         string // of what it is unpacked
}

// NewAsset makes an Asset of its content.
func NewAsset(contentType string, content []byte) (Asset, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return Asset{}, fmt.Errorf("compress a file: %w", err)
	}
	if _, err := w.Write(content); err != nil {
		return Asset{}, fmt.Errorf("compress a file: %w", err)
	}
	if err := w.Close(); err != nil {
		return Asset{}, fmt.Errorf("compress a file: %w", err)
	}
	return PackedAsset(contentType, packed.Bytes()), nil
}

// PackedAsset makes an Asset of content that is compressed with gzip, and stays
// so: only who cannot take it has it unpacked.
func PackedAsset(contentType string, packed []byte) Asset {
	return Asset{contentType: contentType, packed: packed, tag: etag(packed)}
}

// Version names the content: two Assets with one version are the same.
func (f Asset) Version() string { return strings.Trim(f.tag, `"`) }

// URL is where an Asset that was added at path may be kept forever.
func (f Asset) URL(path string) string { return path + "?v=" + f.Version() }

// AddAsset serves a file at path, outside the API and to anyone.
func (a *App) AddAsset(path string, f Asset) {
	a.meterRead(path)
	a.fiber.Get(path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, cacheRevalidate)
		if c.Query("v") == f.Version() {
			c.Set(fiber.HeaderCacheControl, cacheForever)
		}
		return f.send(c)
	})
}

// AddDocument serves a fixed document at path, outside the API and to anyone.
func (a *App) AddDocument(path, contentType string, body []byte) error {
	f, err := NewAsset(contentType, body)
	if err != nil {
		return err
	}
	a.AddAsset(path, f)
	return nil
}

// send answers with the file in the form that the client takes. Each form is a
// representation of its own, hence has a tag of its own (RFC 9110, section
// 8.8.3.3).
func (f Asset) send(c *fiber.Ctx) error {
	c.Vary(fiber.HeaderAcceptEncoding)
	securePage(c, f.contentType)
	packed := takesGzip(c)
	tag := f.tag
	if !packed {
		tag = `"` + f.Version() + `-plain"`
	}
	c.Set(fiber.HeaderETag, tag)
	if unchanged(headerList(c, fiber.HeaderIfNoneMatch), tag) {
		c.Status(fiber.StatusNotModified)
		return nil
	}
	c.Set(fiber.HeaderContentType, f.contentType)
	if packed {
		c.Set(fiber.HeaderContentEncoding, compressed)
		c.Context().Response.SetBodyRaw(f.packed)
		return nil
	}
	body, err := f.unpack()
	if err != nil {
		return err
	}
	c.Context().Response.SetBodyRaw(body)
	return nil
}

func (f Asset) unpack() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(f.packed))
	if err != nil {
		return nil, fmt.Errorf("unpack a file: %w", err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("unpack a file: %w", err)
	}
	return body, nil
}

// takesGzip reads Accept-Encoding (RFC 9110, section 12.5.3) as far as
// browsers use it: gzip, unless it is weighed at nothing.
func takesGzip(c *fiber.Ctx) bool {
	for coding := range strings.SplitSeq(headerList(c, fiber.HeaderAcceptEncoding), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if !strings.EqualFold(strings.TrimSpace(name), compressed) {
			continue
		}
		weight = strings.ReplaceAll(weight, " ", "")
		return strings.TrimRight(strings.TrimPrefix(weight, "q="), "0.") != "" || weight == ""
	}
	return false
}

// Visit is a request for a page.
type Visit struct {
	// Name is the path's :name, "" where it has none.
	Name string
	// AtHome says that the page is for a person at this machine, see [App.AddPage].
	AtHome bool
}

// HTML is a page, as a person is shown it.
type HTML struct {
	Text []byte
	// Personal says that it speaks for somebody: nothing may keep it.
	Personal bool
}

// AddPage serves what render makes at path, outside the API and to anyone. A
// page may give a visitor who is at home more than others: the request comes from
// this machine and not through a proxy, it names this machine, as one that a
// rebound name led here does not, and no page of another origin can read what is
// answered. The context that render gets is the request's. With a slash behind
// the path people are led to it.
func (a *App) AddPage(path string, render func(context.Context, Visit) (HTML, error)) {
	a.meterRead(path)
	a.fiber.Get(path, func(c *fiber.Ctx) error {
		page, err := render(c.UserContext(), Visit{Name: c.Params("name"), AtHome: atHome(c)})
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderCacheControl, cacheRevalidate)
		if page.Personal {
			c.Set(fiber.HeaderCacheControl, cacheNever)
		}
		c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
		securePage(c, fiber.MIMETextHTML)
		return c.Send(page.Text)
	})
	if !strings.HasSuffix(path, "/") {
		// Only now: Fiber takes "/x" for one of "/:name/" too.
		a.meterRead(path + "/")
		a.fiber.Get(path+"/", dropSlash)
	}
}

// dropSlash leads to the same URL without the slash at the end of its path.
func dropSlash(c *fiber.Ctx) error {
	to := strings.TrimRight(c.Path(), "/")
	if query := c.Context().QueryArgs().QueryString(); len(query) > 0 {
		to += "?" + string(query)
	}
	c.Set(fiber.HeaderCacheControl, cacheRevalidate)
	return c.Redirect(to, fiber.StatusPermanentRedirect)
}

// relayed are headers that say that somebody handed the request on: a tunnel to
// this machine ends at its loopback address too.
var relayed = []string{
	"Forwarded", fiber.HeaderXForwardedFor, fiber.HeaderXForwardedHost, fiber.HeaderXForwardedProto, "X-Real-Ip", fiber.HeaderVia,
}

func atHome(c *fiber.Ctx) bool {
	peer, err := netip.ParseAddr(c.Context().RemoteIP().String())
	if err != nil || !peer.Unmap().IsLoopback() || !namesLoopback(string(c.Request().Host())) {
		return false
	}
	for _, name := range relayed {
		if len(c.Request().Header.Peek(name)) > 0 {
			return false
		}
	}
	return !readElsewhere(c)
}

// namesLoopback reports whether a Host header names this machine whoever is
// asked about the name (RFC 6761, section 6.3).
func namesLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// readElsewhere reports whether a page of another origin asks for the answer.
// Browsers say so in Origin or in the headers of Fetch Metadata; one that opens a
// page for its user shows it to no other.
func readElsewhere(c *fiber.Ctx) bool {
	if c.Get(fiber.HeaderOrigin) != "" {
		return true
	}
	switch c.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return false
	default:
		return c.Get("Sec-Fetch-Mode") != "navigate" || c.Get("Sec-Fetch-Dest") != "document"
	}
}
