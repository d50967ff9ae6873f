package chaos

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scraper reads metrics and profiles.
var scraper = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// metric is the sum of the samples of a metric whose line contains all of these words.
func (i *instance) metric(ctx context.Context, name string, words ...string) (sum float64, err error) {
	err = get(ctx, "http://"+i.metrics+"/metrics", func(body io.Reader) error {
		lines := bufio.NewScanner(body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if sample := lines.Text(); fits(sample, name, words) {
				value, err := strconv.ParseFloat(sample[strings.LastIndexByte(sample, ' ')+1:], 64)
				if err != nil {
					return fmt.Errorf("reading %s: %w", sample, err)
				}
				sum += value
			}
		}
		return lines.Err()
	})
	return sum, err
}

func get(ctx context.Context, url string, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	answer, err := scraper.Do(request)
	if err != nil {
		return fmt.Errorf("asking a replica: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("asking a replica: %s", answer.Status)
	}
	return read(answer.Body)
}

func fits(sample, name string, words []string) bool {
	rest, ok := strings.CutPrefix(sample, name)
	if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
		return false
	}
	for _, word := range words {
		if !strings.Contains(rest, word) {
			return false
		}
	}
	return true
}

// keep writes a profile to a file beside the log.
func (i *instance) keep(ctx context.Context, profile, name string) error {
	return get(ctx, "http://"+i.profile+"/debug/pprof/"+profile+"?debug=1", func(body io.Reader) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(filepath.Dir(i.log), name), text, 0o600)
	})
}

// usage is what an instance takes after it was made to collect its garbage: what is in use
// then does not depend on when it did so last by itself. The profiles are kept.
func (i *instance) usage(ctx context.Context, when string) (u Usage, err error) {
	// Twice: what has a finalizer is gone after the second time.
	for range 2 {
		err := get(ctx, "http://"+i.profile+"/debug/pprof/heap?gc=1", func(body io.Reader) error {
			_, err := io.Copy(io.Discard, body)
			return err
		})
		if err != nil {
			return u, err
		}
	}
	for profile, file := range map[string]string{"goroutine": "goroutines", "heap": "heap"} {
		if err := i.keep(ctx, profile, file+"-"+when+".txt"); err != nil {
			return u, err
		}
	}
	if u.Goroutines, err = i.metric(ctx, "go_goroutines"); err != nil {
		return u, err
	}
	if u.Heap, err = i.metric(ctx, "go_memstats_heap_inuse_bytes"); err != nil {
		return u, err
	}
	u.RSS, err = i.rss()
	return u, err
}

// rss is the resident memory in bytes, as the kernel tells it.
func (i *instance) rss() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", i.id()))
	if err != nil {
		return 0, fmt.Errorf("reading a replica's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("the kernel does not tell the memory of %s", i.name)
}
