package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"slices"
)

// small returns a PNG with at most 256 colors of another. A page has few but for the edges of its
// letters, where colors that are alike are as good.
func small(content []byte) ([]byte, error) {
	whole, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("reading a picture: %w", err)
	}
	bounds := whole.Bounds()
	rgba := image.NewRGBA(bounds)
	draw.Draw(rgba, bounds, whole, bounds.Min, draw.Src)
	few := image.NewPaletted(bounds, palette(rgba))
	draw.Draw(few, bounds, rgba, bounds.Min, draw.Src)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, few); err != nil {
		return nil, fmt.Errorf("writing a picture: %w", err)
	}
	return out.Bytes(), nil
}

// palette returns the most frequent color of each group of colors that are alike, for the 256 most
// frequent groups.
func palette(picture *image.RGBA) (out color.Palette) {
	counts := map[color.RGBA]int{}
	for y := picture.Rect.Min.Y; y < picture.Rect.Max.Y; y++ {
		for x := picture.Rect.Min.X; x < picture.Rect.Max.X; x++ {
			counts[picture.RGBAAt(x, y)]++
		}
	}
	frequent := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	seen := map[color.RGBA]bool{}
	for _, c := range frequent {
		if group := (color.RGBA{R: c.R >> 5, G: c.G >> 5, B: c.B >> 5}); !seen[group] && len(out) < 256 {
			seen[group] = true
			out = append(out, c)
		}
	}
	// What is left goes to the most frequent colors that are not there yet.
	for _, c := range frequent {
		if len(out) < 256 && !slices.Contains(out, color.Color(c)) {
			out = append(out, c)
		}
	}
	return out
}
