// Package browser finds a Chromium on this machine and starts it without a screen.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os/exec"

	"github.com/chromedp/chromedp"
)

// names are those that Chromium, or a browser made of it, goes by.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// ErrNone is why nothing can be shown on a machine without a browser.
var ErrNone = errors.New("no Chromium is installed (Debian: apt-get install chromium)")

// Start starts a browser with an empty profile, and returns a context for its tabs. Stop ends it.
func Start(ctx context.Context) (_ context.Context, stop func(), err error) {
	path, err := find()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true),
		// Scroll bars would take width that a telephone's do not.
		chromedp.Flag("hide-scrollbars", true),
	)
	allocated, end := chromedp.NewExecAllocator(ctx, options...)
	tabs, cancel := chromedp.NewContext(allocated)
	stop = func() {
		cancel()
		end()
	}
	if err := chromedp.Do(tabs); err != nil {
		stop()
		return nil, nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return tabs, stop, nil
}

func find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}
