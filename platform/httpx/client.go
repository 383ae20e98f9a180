package httpx

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// clientNetwork is how much of an IPv6 address stands for one client: whoever
// has one address has at least a network of this size (RFC 6177), hence a new
// address for each request.
const clientNetwork = 64

// clientKey is the client's address as far as it says who is counted.
func (a *App) clientKey(c *fiber.Ctx) string {
	peer, err := netip.ParseAddr(c.Context().RemoteIP().String())
	if err != nil {
		return "unknown"
	}
	return networkOf(clientAddress(peer, headerList(c, fiber.HeaderXForwardedFor), a.trusts))
}

// clientAddress is the peer, or behind trusted proxies the nearest address
// that none of them has: whatever stands further left in X-Forwarded-For, the
// client may have written itself.
func clientAddress(peer netip.Addr, forwarded string, trusts func(netip.Addr) bool) netip.Addr {
	peer = peer.Unmap().WithZone("")
	hops := strings.Split(forwarded, ",")
	for i := len(hops) - 1; i >= 0 && trusts(peer); i-- {
		hop, ok := parseHop(strings.TrimSpace(hops[i]))
		if !ok {
			break
		}
		peer = hop
	}
	return peer
}

// parseHop reads an address; some proxies add the port, and brackets to IPv6.
func parseHop(text string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	text, bracketed := strings.CutPrefix(text, "[")
	if bracketed {
		text = strings.TrimSuffix(text, "]")
	}
	hop, err := netip.ParseAddr(text)
	return hop.Unmap().WithZone(""), err == nil
}

func networkOf(address netip.Addr) string {
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(clientNetwork)
	if err != nil {
		return address.String()
	}
	return network.String()
}

// headerList joins the lines of a header that holds a list: a proxy may add a
// line of its own rather than append to the one it was sent (RFC 9110, section
// 5.3).
func headerList(c *fiber.Ctx, name string) string {
	var list []string
	for _, line := range c.Request().Header.PeekAll(name) {
		list = append(list, string(line))
	}
	return strings.Join(list, ",")
}

func (a *App) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// overTLS reports whether the client came in over TLS, which only a trusted
// proxy can know: Docket itself speaks none.
func (a *App) overTLS(c *fiber.Ctx) bool {
	peer, err := netip.ParseAddr(c.Context().RemoteIP().String())
	if err != nil || !a.trusts(peer.Unmap()) {
		return false
	}
	// Of several proxies, the first is the one that the client talks to.
	first, _, _ := strings.Cut(headerList(c, fiber.HeaderXForwardedProto), ",")
	return strings.EqualFold(strings.TrimSpace(first), "https")
}
