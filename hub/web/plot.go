package web

import (
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-analyze/charts"
)

// plotHeight is the height of a plot in pixels, and plotWidths its width on wide and narrow screens.
const plotHeight = 200

var plotWidths = map[string]int{"wide": 720, "narrow": 360}

// palette is what a plot is drawn in, with the style sheet's colors. The legend names each series,
// and marks have a shape of their own.
type palette struct{ text, axis, grid, paused, reduced string }

var palettes = map[string]palette{
	"light": {text: "#4f5865", axis: "#c4c9d1", grid: "#e8eaee", paused: "#b3261e", reduced: "#7a4f00"},
	"dark":  {text: "#a9b3c1", axis: "#3d4653", grid: "#2a313b", paused: "#ff8a80", reduced: "#e8b551"},
}

// lineColors are those of lines, by theme.
var lineColors = map[string][]string{
	"light": {"#1f5fbf", "#8a5a00", "#1a7f4b", "#7b3fa0", "#46505c"},
	"dark":  {"#7cb0ff", "#e3b04b", "#63d297", "#cf9bf2", "#c3ccd8"},
}

// lines is what a plot shows.
type lines struct {
	names  []string
	values [][]float64
	// marks are drawn along the top where they are true.
	marks []mark
	at    []time.Time
	// percent reports whether values are percents; they are counts otherwise.
	percent bool
	theme   string
	width   int
}

// mark is what was so at some times.
type mark struct {
	name  string
	color string
	shape charts.SymbolShape
	is    []bool
}

// svg draws a plot.
func (l lines) svg() ([]byte, error) {
	p := palettes[l.theme]
	top := l.top()
	series, names, colors := l.values, l.names, []charts.Color{}
	for i := range names {
		of := lineColors[l.theme]
		colors = append(colors, charts.ParseColor(of[i%len(of)]))
	}
	for _, m := range l.marks {
		series, names, colors = append(series, m.points(top)), append(names, m.name), append(colors, charts.ParseColor(m.color))
	}
	theme := charts.MakeTheme(charts.ThemeOption{
		IsDarkMode: l.theme == "dark", BackgroundColor: charts.ColorTransparent, TextColor: charts.ParseColor(p.text),
		AxisStrokeColor: charts.ParseColor(p.axis), AxisSplitLineColor: charts.ParseColor(p.grid), SeriesColors: colors,
	})
	opt := charts.NewLineChartOptionWithData(series)
	opt.Theme, opt.LineStrokeWidth, opt.Symbol = theme, 1.5, charts.Symbol{Shape: charts.SymbolNone}
	opt.Padding = charts.NewBox(8, 8, 8, 0)
	opt.Legend = charts.LegendOption{SeriesNames: names, FontStyle: charts.NewFontStyleWithSize(10)}
	for i, m := range l.marks {
		opt.SeriesList[len(l.values)+i].Symbol = charts.Symbol{Shape: m.shape, Size: 3}
	}
	opt.XAxis = charts.XAxisOption{
		Labels: l.labels(), LabelCount: l.width / 100, LabelFontStyle: charts.NewFontStyleWithSize(10), BoundaryGap: charts.Ptr(false),
	}
	opt.YAxis = []charts.YAxisOption{{
		Min: charts.Ptr(0.0), Max: charts.Ptr(top), LabelCount: 5, LabelFontStyle: charts.NewFontStyleWithSize(10), ValueFormatter: l.label,
	}}
	painter := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: l.width, Height: plotHeight, Theme: theme})
	if err := painter.LineChart(opt); err != nil {
		return nil, fmt.Errorf("drawing a plot: %w", err)
	}
	out, err := painter.Bytes()
	if err != nil {
		return nil, fmt.Errorf("drawing a plot: %w", err)
	}
	return out, nil
}

// top returns the largest value of the axis: 100 %, or the next multiple of 4 above all counts.
func (l lines) top() float64 {
	if l.percent {
		return 100
	}
	most := 4.0
	for _, line := range l.values {
		for _, value := range line {
			most = max(most, value)
		}
	}
	return float64((int(most) + 3) / 4 * 4)
}

func (l lines) label(value float64) string {
	if l.percent {
		return fmt.Sprintf("%.0f %%", value)
	}
	return fmt.Sprintf("%.0f", value)
}

func (l lines) labels() []string {
	out := make([]string, 0, len(l.at))
	for _, at := range l.at {
		out = append(out, at.UTC().Format("15:04"))
	}
	return out
}

// points returns the marks as values of a series.
func (m mark) points(top float64) []float64 {
	out := make([]float64, 0, len(m.is))
	for _, is := range m.is {
		if is {
			out = append(out, top)
		} else {
			out = append(out, charts.GetNullValue())
		}
	}
	return out
}

// budgetLines returns the plot of what was used of each limit.
func budgetLines(page InstallationPage, samples []Sample, theme string) lines {
	p := palettes[theme]
	out := lines{percent: true, theme: theme, marks: []mark{
		{name: "paused", color: p.paused, shape: charts.SymbolSquare}, {name: "reduced", color: p.reduced, shape: charts.SymbolDiamond},
	}}
	for _, l := range page.Limits {
		out.names, out.values = append(out.names, l.Name), append(out.values, nil)
	}
	for _, s := range samples {
		out.at = append(out.at, s.At)
		for i := range out.values {
			share := 0.0
			if i < len(s.Used) {
				share = s.Used[i]
			}
			out.values[i] = append(out.values[i], 100*share)
		}
		out.marks[0].is, out.marks[1].is = append(out.marks[0].is, s.Paused), append(out.marks[1].is, s.Reduced && !s.Paused)
	}
	return out
}

// queueLines returns the plot of what waited with each priority.
func queueLines(page InstallationPage, samples []Sample, theme string) lines {
	out := lines{theme: theme}
	for _, q := range page.Queue {
		out.names, out.values = append(out.names, q.Priority), append(out.values, nil)
	}
	for _, s := range samples {
		out.at = append(out.at, s.At)
		for i := range out.values {
			out.values[i] = append(out.values[i], float64(s.Queued[i]))
		}
	}
	return out
}

// figure is a plot in a page, with the same in words.
type figure struct {
	Title, Summary string
	plot           string
	query          url.Values
}

// plotOf returns a plot of an installation's history.
func plotOf(page InstallationPage, plot, span string) figure {
	samples := page.Hour
	if span == "day" {
		samples = page.Day
	}
	out := figure{plot: plot, query: url.Values{"installation": {page.ID}, "range": {span}}}
	if n := len(samples); n > 0 { // a browser loads a plot again under another address only
		out.query.Set("until", strconv.FormatInt(samples[n-1].At.Unix(), 10))
	}
	out.Title, out.Summary = "Budget used, in percent of each limit", budgetSummary(page, samples)
	if plot == "queue.svg" {
		out.Title, out.Summary = "Statuses queued, by priority", queueSummary(samples)
	}
	return out
}

// Address returns where the plot is in a theme and a size.
func (f figure) Address(theme, size string) string {
	q := maps.Clone(f.query)
	q.Set("theme", theme)
	q.Set("size", size)
	return "/plots/" + f.plot + "?" + q.Encode()
}

func budgetSummary(page InstallationPage, samples []Sample) string {
	most, paused := make([]float64, len(page.Limits)), 0
	for _, s := range samples {
		for i := range most[:min(len(most), len(s.Used))] {
			most[i] = max(most[i], s.Used[i])
		}
		if s.Paused {
			paused++
		}
	}
	var words []string
	for i, l := range page.Limits {
		words = append(words, fmt.Sprintf("at most %.0f %% of %s %s", 100*most[i], count(l.Limit), limitTitle(l.Name)))
	}
	words = append(words, fmt.Sprintf("paused in %d of %d samples", paused, len(samples)))
	return strings.Join(words, ", ")
}

func queueSummary(samples []Sample) string {
	most := 0
	for _, s := range samples {
		sum := 0
		for _, n := range s.Queued {
			sum += n
		}
		most = max(most, sum)
	}
	return fmt.Sprintf("at most %s queued", plural(most, "status", "statuses"))
}
