package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// metrics are the series that a server shows, each "name{labels}".
type metrics map[string]float64

// metrics reads them from the admin listener.
func (s *stage) metrics(ctx context.Context) (metrics, error) {
	a, err := ask(ctx, http.DefaultClient, http.MethodGet, s.server.Admin+"/metrics", http.Header{}, nil)
	if err != nil || a.status != http.StatusOK {
		return nil, fmt.Errorf("read the metrics: %d: %w", a.status, err)
	}
	return readMetrics(a.body)
}

func readMetrics(text []byte) (metrics, error) {
	m := metrics{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		name, value, ok := cutLast(lines.Text())
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("read the metric %s: %w", name, err)
		}
		m[name] = n
	}
	return m, lines.Err()
}

func cutLast(line string) (name, value string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// sum adds up the series of a name whose labels contain label.
func (m metrics) sum(name, label string) float64 {
	total := 0.0
	for series, value := range m {
		if rest, ok := strings.CutPrefix(series, name); ok && (rest == "" || rest[0] == '{') && strings.Contains(rest, label) {
			total += value
		}
	}
	return total
}
