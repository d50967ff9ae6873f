package monitoring

import (
	"fmt"
	"strings"
)

// Exported returns the metrics of a scrape, with their labels. Those without a sample
// are not in it.
func Exported(scrape string) (Labels, error) {
	out := Labels{}
	for line := range strings.Lines(scrape) {
		series := line[:strings.LastIndex(line, " ")+1] // the value goes, and what a label has in it stays
		if strings.HasPrefix(line, "#") || series == "" {
			continue
		}
		metric, err := Asked(series)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", series, err)
		}
		out.Join(metric)
	}
	return out, nil
}

// ofTarget are labels that Prometheus adds to each metric of a hub.
var ofTarget = map[string]bool{"namespace": true, "job": true, "instance": true, "pod": true}

// Missing tells what is asked for and not there.
func Missing(asked, there Labels) (out []string) {
	for metric, labels := range asked {
		if _, ok := there[metric]; !ok {
			out = append(out, metric)
			continue
		}
		for label := range labels {
			if !there[metric][label] && !ofTarget[label] {
				out = append(out, metric+"{"+label+"}")
			}
		}
	}
	return out
}
