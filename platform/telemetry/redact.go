package telemetry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"docket/platform/telemetry/redact"
)

// secretKeys end the names of attributes whose values are never written. They
// are compared without case and without - _ . between words.
var secretKeys = []string{
	"authorization", "cookie", "credential", "credentials", "jwt", "password", "passwd", "secret",
	"token", "apikey", "privatekey", "databaseurl", "databaseurldirect",
}

// Redact is a ReplaceAttr for slog handlers: it masks the values of attributes
// that are secret by name, those in a group with such a name included, and
// passwords and tokens inside any other text. It is the last guard, not a
// licence to log secrets.
func Redact(groups []string, attr slog.Attr) slog.Attr {
	if isSecret(attr.Key) || slices.ContainsFunc(groups, isSecret) {
		return slog.String(attr.Key, redact.Mask)
	}
	switch attr.Value.Kind() {
	case slog.KindString:
		attr.Value = slog.StringValue(redact.Text(attr.Value.String()))
	case slog.KindAny:
		attr.Value = redactAny(attr.Value)
	default: // numbers, times, booleans hold no secret
	}
	return attr
}

func isSecret(key string) bool {
	if !isASCII(key) {
		key = strings.ToLower(key) // some letters beyond ASCII become ASCII ones
	}
	end := len(key) - 1
	for end >= 0 && isSeparator(key[end]) {
		end--
	}
	if end < 0 {
		return false
	}
	last := lower(key[end])
	for _, s := range secretKeys {
		if s[len(s)-1] == last && endsAs(key[:end+1], s) {
			return true
		}
	}
	return false
}

func isSeparator(b byte) bool { return b == '-' || b == '_' || b == '.' }

// endsAs reports whether key ends with suffix, which is lower-case letters, but
// for case and separators. Each attribute of each line is asked for: nothing is
// copied.
func endsAs(key, suffix string) bool {
	i := len(key) - 1
	for j := len(suffix) - 1; j >= 0; j-- {
		for i >= 0 && isSeparator(key[i]) {
			i--
		}
		if i < 0 || lower(key[i]) != suffix[j] {
			return false
		}
		i--
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// redactAny masks an error, a text or bytes as text, and anything else as the
// JSON that it marshals to: what JSON hides stays hidden in both formats.
func redactAny(value slog.Value) (out slog.Value) {
	defer func() {
		// A nil pointer behind an error or a Stringer must not take the request down.
		if cause := recover(); cause != nil {
			out = slog.StringValue(redact.Text(fmt.Sprintf("!PANIC: %v", cause)))
		}
	}()
	switch v := value.Any().(type) {
	case nil, slog.Level, *slog.Source:
		return value
	case error:
		return slog.StringValue(redact.Text(v.Error()))
	case fmt.Stringer:
		return slog.StringValue(redact.Text(v.String()))
	case []byte:
		return slog.StringValue(redact.Text(string(v)))
	default:
		return redactStructured(v)
	}
}

func redactStructured(v any) slog.Value {
	data, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(fmt.Sprintf("!ERROR: %T cannot be marshalled", v))
	}
	// Numbers stay as they are written: an id must not become 1e+18.
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		return slog.StringValue(fmt.Sprintf("!ERROR: %T marshals to damaged JSON", v))
	}
	return slog.AnyValue(redactTree(tree))
}

// redactTree masks decoded JSON.
func redactTree(node any) any {
	switch n := node.(type) {
	case string:
		return redact.Text(n)
	case []any:
		for i := range n {
			n[i] = redactTree(n[i])
		}
	case map[string]any:
		for key, member := range n {
			if isSecret(key) {
				n[key] = redact.Mask
				continue
			}
			n[key] = redactTree(member)
		}
	}
	return node
}
