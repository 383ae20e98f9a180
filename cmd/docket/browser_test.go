package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screenshots is the variable that names a folder for pictures of the pages that
// tests look at.
const screenshots = "DOCKET_TEST_SCREENSHOTS"

// chromium starts a browser of the test's own, in which tabs are opened. It
// skips where there is none; with CI=true that fails.
func chromium(t *testing.T) context.Context {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" && os.Getenv("CI") != "true" {
		t.Skip("needs Chromium: no chromium, chromium-browser, google-chrome or chrome in PATH")
	}
	if program == "" {
		t.Fatal("needs Chromium: no chromium, chromium-browser, google-chrome or chrome in PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		// A name that a page asks for in vain is noticed all the same.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.WSURLReadTimeout(patience),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // which root cannot have
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	browser, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	if err := chromedp.Do(browser); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return browser
}

// tab is one page in a browser, with what it asked for and complained of.
type tab struct {
	ctx context.Context //nolint:containedctx // chromedp keeps a tab in a context

	mu         sync.Mutex
	requests   []string
	complaints []string
}

// screen is how a page is looked at.
type screen struct {
	width, height int64
	scheme        string // light or dark
}

var (
	desk  = screen{1280, 900, "light"}
	night = screen{1280, 900, "dark"}
	phone = screen{390, 844, "dark"}
)

// open shows a URL in a tab of its own. At the end of the test it fails if the
// page asked another host for anything or wrote errors to its console.
func open(t *testing.T, browser context.Context, how screen, address string) *tab { //nolint:revive // a helper of tests begins with its test
	t.Helper()
	b := &tab{}
	ctx, shut := chromedp.NewContext(browser, chromedp.WithListener(b.hear))
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	t.Cleanup(func() { cancel(); shut() })
	b.ctx = ctx
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: how.scheme}}}
	if err := chromedp.Do(ctx,
		chromedp.EmulateViewport(how.width, how.height),
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, media)
			return err
		}),
		chromedp.Navigate(address),
	); err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
	origin, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, asked := range b.requests {
			if to, err := url.Parse(asked); err != nil || to.Host != origin.Host && to.Scheme != "data" && to.Scheme != "blob" {
				t.Errorf("the page asked for %s", asked)
			}
		}
		for _, c := range b.complaints {
			t.Errorf("on the console: %s", c)
		}
	})
	return b
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complain(e.Entry.Text + " " + e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		b.complain((&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" || e.Type == "assert" {
			text, err := json.Marshal(e.Args)
			b.complain(fmt.Sprintf("%s: %s %v", e.Type, text, err))
		}
	}
}

func (b *tab) complain(text string) { b.complaints = append(b.complaints, text) }

// eval returns what an expression is in the page.
func eval[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// await waits until an expression is true in the page.
func (b *tab) await(t *testing.T, expression string) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		holds, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if err == nil && holds {
			return
		}
		if time.Since(began) > patience/2 {
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText.slice(0, 4000)")) // for the report
			b.shoot(t, "failed")
			t.Fatalf("it does not come to %s (%v); the page says:\n%s", expression, err, text)
		}
	}
}

// do has the tab do steps, in order.
func (b *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.shoot(t, "failed")
		t.Fatal(err)
	}
}

// fits fails where the page is wider than what shows it.
func (b *tab) fits(t *testing.T) {
	t.Helper()
	if over := eval[int](t, b, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth`); over > 0 {
		t.Errorf("the page is %d px wider than the screen", over)
	}
}

// shoot keeps a picture of what the tab shows, where somebody asks for it.
func (b *tab) shoot(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv(screenshots)
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Errorf("take a picture: %v", err)
		return
	}
	file := filepath.Join(folder, strings.ReplaceAll(t.Name(), "/", "-")+"-"+name+".png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Error(err)
	}
}

// press clicks the first button that is shown and whose name holds a text.
func (b *tab) press(t *testing.T, name string) {
	t.Helper()
	text, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	found := fmt.Sprintf(`[...document.querySelectorAll("button")].find(b => b.checkVisibility() && !b.disabled && (b.ariaLabel + " " + b.textContent).includes(%s))`, text)
	b.await(t, found)
	eval[bool](t, b, `(`+found+`.click(), true)`)
}
