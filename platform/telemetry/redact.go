package telemetry

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"

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
	key = strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.ToLower(key))
	return slices.ContainsFunc(secretKeys, func(s string) bool { return strings.HasSuffix(key, s) })
}

// redactAny leaves a value alone where no rendering of it shows a secret, and
// turns it into masked text where one does.
func redactAny(value slog.Value) slog.Value {
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
		return redactStructured(value, v)
	}
}

func redactStructured(value slog.Value, v any) slog.Value {
	data, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(redact.Text(fmt.Sprintf("%+v", v)))
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return slog.StringValue(redact.Mask)
	}
	masked, changed := redactTree(tree)
	if !changed && redact.Text(fmt.Sprintf("%+v", v)) == fmt.Sprintf("%+v", v) {
		return value
	}
	return slog.AnyValue(masked)
}

// redactTree masks decoded JSON and tells whether anything was masked.
func redactTree(node any) (masked any, changed bool) {
	switch n := node.(type) {
	case string:
		text := redact.Text(n)
		return text, text != n
	case []any:
		for i := range n {
			item, itemChanged := redactTree(n[i])
			n[i], changed = item, changed || itemChanged
		}
	case map[string]any:
		for key, member := range n {
			if isSecret(key) {
				n[key], changed = redact.Mask, true
				continue
			}
			item, itemChanged := redactTree(member)
			n[key], changed = item, changed || itemChanged
		}
	}
	return node, changed
}
