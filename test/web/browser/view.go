package browser

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// View is how somebody looks at a page.
type View struct {
	// Width and Height are those of the window in CSS pixels, and Scale is how many of the screen's
	// make one of them, 0 for one.
	Width, Height int64
	Scale         float64
	// Dark reports whether the system's colors are dark, and Scriptless whether scripts are off.
	Dark, Scriptless bool
}

// Views of a desk's screen, of the same at night, and of a telephone.
var (
	Desk       = View{Width: 1280, Height: 800}
	Night      = View{Width: 1280, Height: 800, Dark: true}
	Phone      = View{Width: 375, Height: 812}
	NightPhone = View{Width: 375, Height: 812, Dark: true}
)

// String names the view.
func (v View) String() string {
	name := fmt.Sprintf("%d px", v.Width)
	if v.Dark {
		name += ", dark"
	}
	if v.Scriptless {
		name += ", without scripts"
	}
	return name
}

// Emulate has a tab show its pages so.
func (v View) Emulate() chromedp.Action[chromedp.Void] {
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: v.Width, Height: v.Height, DeviceScaleFactor: max(v.Scale, 1), Mobile: v.Width < 500,
		}); err != nil {
			return fmt.Errorf("setting the window's size: %w", err)
		}
		if _, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}); err != nil {
			return fmt.Errorf("setting the color scheme: %w", err)
		}
		if _, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: v.Scriptless}); err != nil {
			return fmt.Errorf("switching scripts: %w", err)
		}
		return nil
	})
}
