package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// one decodes a single value.
func one[T any](place func(*Config) *T, as reader[T]) decoder {
	return decoder{schema: as.schema, read: func(c *Config, value any) error {
		text, ok := value.(string)
		if !ok {
			return errors.New("must be one value, not a list or a mapping")
		}
		parsed, err := as.parse(text)
		if err != nil {
			return err
		}
		*place(c) = parsed
		return nil
	}}
}

// many decodes a list: one of a file, or text with commas. Every faulty entry
// is named, and so is a repeated one.
func many[T any](place func(*Config) *[]T, as reader[T]) decoder {
	return decoder{schema: listSchema(as.pattern), read: func(c *Config, value any) error {
		texts, err := listOf(value)
		if err != nil {
			return err
		}
		var faults []string
		list := make([]T, 0, len(texts))
		for i, text := range texts {
			parsed, err := as.parse(text)
			switch {
			case err != nil:
				faults = append(faults, fmt.Sprintf("entry %d %s", i+1, err))
			case slices.Contains(texts[:i], text):
				faults = append(faults, fmt.Sprintf("entry %d repeats an earlier one", i+1))
			}
			list = append(list, parsed)
		}
		if len(faults) > 0 {
			return errors.New(strings.Join(faults, ", "))
		}
		*place(c) = list
		return nil
	}}
}

// listOf returns the entries of a list setting.
func listOf(value any) ([]string, error) {
	switch v := value.(type) {
	case string:
		return splitList(v), nil
	case []any:
		texts := make([]string, 0, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("entry %d must be one value, not a list or a mapping", i+1)
			}
			texts = append(texts, strings.TrimSpace(text))
		}
		return texts, nil
	default:
		return nil, errors.New("must be a list, not a mapping")
	}
}

func splitList(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// decodeIssuers reads a comma list, or a list whose entries are text or
// {issuer, trust}. An entry without a trust name has the first entry's, and
// the first has its own issuer: one key set is one authority, whose users stay
// the same people under each of its addresses.
func decodeIssuers(c *Config, value any) error {
	entries, err := issuerEntries(value)
	if err != nil {
		return err
	}
	var faults []string
	seen := map[string]bool{}
	for i := range entries {
		e := &entries[i]
		if err := checkClaim(e.Issuer); err != nil {
			faults = append(faults, fmt.Sprintf("entry %d %s", i+1, err))
		}
		if seen[e.Issuer] {
			faults = append(faults, fmt.Sprintf("entry %d repeats an earlier one", i+1))
		}
		seen[e.Issuer] = true
		switch {
		case e.Trust == "" && i == 0:
			e.Trust = e.Issuer
		case e.Trust == "":
			e.Trust = entries[0].Trust
		default:
			if err := checkClaim(e.Trust); err != nil {
				faults = append(faults, fmt.Sprintf("entry %d's trust name %s", i+1, err))
			}
		}
	}
	if len(faults) > 0 {
		return errors.New(strings.Join(faults, ", "))
	}
	c.Auth.Issuers = entries
	return nil
}

func issuerEntries(value any) ([]Issuer, error) {
	list, ok := value.([]any)
	if !ok {
		texts, err := listOf(value)
		if err != nil {
			return nil, err
		}
		for _, text := range texts {
			list = append(list, text)
		}
	}
	out := make([]Issuer, 0, len(list))
	for i, item := range list {
		entry, err := issuerEntry(item)
		if err != nil {
			return nil, fmt.Errorf("entry %d %w", i+1, err)
		}
		out = append(out, entry)
	}
	return out, nil
}

func issuerEntry(item any) (Issuer, error) {
	if text, ok := item.(string); ok {
		return Issuer{Issuer: strings.TrimSpace(text)}, nil
	}
	mapping, ok := item.(map[string]any)
	if !ok {
		return Issuer{}, errors.New("must be text or {issuer, trust}")
	}
	var out Issuer
	for name, value := range mapping {
		text, ok := value.(string)
		switch {
		case !ok:
			return Issuer{}, fmt.Errorf("member %q must be text", name)
		case name == "issuer":
			out.Issuer = text
		case name == "trust":
			out.Trust = text
		default:
			return Issuer{}, fmt.Errorf("has an unknown member %q", name)
		}
	}
	return out, nil
}

func showIssuers(c Config) string {
	texts := make([]string, 0, len(c.Auth.Issuers))
	for _, i := range c.Auth.Issuers {
		text := i.Issuer
		if i.Trust != i.Issuer {
			text += " (trust " + i.Trust + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// display renders a merged value on one line, as it was written.
func display(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		texts := make([]string, 0, len(v))
		for _, item := range v {
			texts = append(texts, display(item))
		}
		return strings.Join(texts, ", ")
	default:
		return fmt.Sprint(v)
	}
}
