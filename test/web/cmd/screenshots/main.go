// Command screenshots makes the pictures of the fleet page that the docs show: it runs the demo with
// --fleet, looks at its hub's page in a browser, and writes PNGs. main.go says which, demo.go runs
// the demo, checks.go draws a commit's checks, and png.go makes the files small.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/argoproj-labs/commit-status-hub/test/web/browser"
)

// patience is how long a page may take to be shown.
const patience = 30 * time.Second

// Windows of the pictures.
var (
	wide  = browser.View{Width: 1120, Height: 1080}
	dark  = browser.View{Width: 1120, Height: 1080, Dark: true}
	phone = browser.View{Width: 375, Height: 760, Scale: 2}
)

func main() {
	root := flag.String("root", "../..", "folder of the repository")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *root)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root string) (err error) {
	tabs, closeBrowser, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer closeBrowser()
	d, err := startDemo(ctx, root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.stop()) }()
	commit, err := d.commit()
	if err != nil {
		return err
	}
	installation, err := d.busiestInstallation()
	if err != nil {
		return err
	}
	checks, err := checksPage(commit)
	if err != nil {
		return err
	}
	for _, s := range []struct {
		name, address string
		view          browser.View
		whole         bool
	}{
		{"fleet", d.page + "/", wide, false},
		{"fleet-dark", d.page + "/", dark, false},
		{"commit", d.page + commit.Path, wide, false},
		{"commit-phone", d.page + commit.Path, phone, false},
		{"installation", d.page + installation, wide, true},
		{"search", d.page + "/search?q=prod-us", browser.View{Width: 1120, Height: 700}, false},
		{"checks", checks, browser.View{Width: 760, Height: 310}, false},
	} {
		file := filepath.Join(root, "docs", "images", s.name+".png")
		if err := shoot(tabs, s.address, s.view, s.whole, file); err != nil {
			return fmt.Errorf("making %s: %w", file, err)
		}
		fmt.Println(file)
	}
	return nil
}

// shoot writes a picture of a page: of its window, or of the whole.
func shoot(tabs context.Context, address string, view browser.View, whole bool, file string) error {
	tab, closeTab := chromedp.NewContext(tabs)
	defer closeTab()
	if err := chromedp.Do(tab, view.Emulate()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		return err
	}
	picture := chromedp.CaptureScreenshot()
	if whole {
		picture = chromedp.FullScreenshot(100)
	}
	content, err := chromedp.Run(ctx, picture)
	if err != nil {
		return err
	}
	if content, err = small(content); err != nil {
		return err
	}
	return os.WriteFile(file, content, 0o644)
}
