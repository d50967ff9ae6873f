// Package responsetest spells secrets in many ways, for tests that nothing reveals them.
package responsetest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
)

// Spellings are ways to write a text, most of which software has by chance.
var Spellings = map[string]func(string) string{
	"as it is":               func(s string) string { return s },
	"JSON":                   func(s string) string { return Each(s, `\u%04x`) },
	"JSON, capitals":         func(s string) string { return Each(s, `\u%04X`) },
	"JSON, the first letter": func(s string) string { return fmt.Sprintf(`\u%04x`, s[0]) + s[1:] },
	"JSON, in part":          func(s string) string { return some(s, `\u%04x`) },
	"JSON, twice":            func(s string) string { return strings.Trim(Quoted(Each(s, `\u%04x`)), `"`) },
	"JSON, thrice":           func(s string) string { return strings.Trim(Quoted(strings.Trim(Quoted(some(s, `\u%04x`)), `"`)), `"`) },
	"JavaScript":             func(s string) string { return Each(s, `\u{%x}`) },
	"Go":                     func(s string) string { return Each(s, `\x%02x`) },
	"Go, capitals":           func(s string) string { return Each(s, `\x%02X`) },
	"Go, long":               func(s string) string { return Each(s, `\U%08x`) },
	"Go, quoted":             func(s string) string { return strconv.Quote(some(s, `\u%04x`)) },
	"octal":                  func(s string) string { return Each(s, `\%03o`) },
	"backslashes":            func(s string) string { return some(s, `\%c`) },
	"URL":                    func(s string) string { return Each(s, `%%%02x`) },
	"URL, capitals":          func(s string) string { return some(s, `%%%02X`) },
	"URL, twice":             func(s string) string { return url.QueryEscape(Each(s, `%%%02x`)) },
	"HTML":                   func(s string) string { return Each(s, `&#%d;`) },
	"HTML, hex":              func(s string) string { return some(s, `&#x%X;`) },
	"HTML, twice":            func(s string) string { return html.EscapeString(Each(s, `&#x%x;`)) },
	"HTML, names": func(s string) string {
		return strings.NewReplacer(".", "&period;", "-", "&#45;", "_", "&lowbar;").Replace(s)
	},
	"mail":         func(s string) string { return Each(s, `=%02X`) },
	"URL in JSON":  func(s string) string { return strings.Trim(Quoted(Each(s, `%%%02x`)), `"`) },
	"JSON in URL":  func(s string) string { return url.QueryEscape(Each(s, `\u%04x`)) },
	"HTML in JSON": func(s string) string { return Each(Each(s, `&#%d;`), `\u%04x`) },
	"base64":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64, 1 on": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a" + s + "b")) },
	"base64, header": func(s string) string {
		return strings.Trim(base64.URLEncoding.EncodeToString([]byte("Be "+s+" no")), "=")
	},
	"base64, in JSON": func(s string) string { return Each(base64.RawURLEncoding.EncodeToString([]byte(s)), `\u%04x`) },
	"hex":             func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex, capitals":   func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"hex, spaces":     func(s string) string { return Each(s, "%02x ") },
	"spaces":          func(s string) string { return Each(s, "%c ") },
	"lines":           func(s string) string { return strings.Join(Chunks(s, 7), "\r\n\t") },
	"escaped lines":   func(s string) string { return strings.Join(Chunks(s, 7), `\n`) },
	"colors":          func(s string) string { return strings.Join(Chunks(s, 5), "\x1b[1;31m") },
	"escaped colors":  func(s string) string { return strings.Join(Chunks(s, 5), `\u001b[0m`) },
	"nothing to see":  func(s string) string { return strings.Join(Chunks(s, 3), "\u200b") },
	"bells":           func(s string) string { return strings.Join(Chunks(s, 3), "\a") },
	"the first half":  func(s string) string { return s[:len(s)/2] },
	"the last half":   func(s string) string { return s[len(s)/2:] },
	"two halves":      func(s string) string { return s[:len(s)/2] + " … " + s[len(s)/2:] },
}

// Each writes each byte of a text by a format.
func Each(s, format string) string {
	var out strings.Builder
	for _, b := range []byte(s) {
		fmt.Fprintf(&out, format, b)
	}
	return out.String()
}

func some(s, format string) string {
	random := rand.New(rand.NewPCG(1, 2))
	var out strings.Builder
	for _, b := range []byte(s) {
		// No letter that means something behind a backslash.
		if random.IntN(3) > 0 || format == `\%c` && strings.IndexByte("uUxnrtabfve0123", b) >= 0 {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, format, b)
		}
	}
	return out.String()
}

// Quoted returns a text as a JSON string.
func Quoted(s string) string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// Chunks cuts a text into pieces of n bytes.
func Chunks(s string, n int) (out []string) {
	for len(s) > n {
		out, s = append(out, s[:n]), s[n:]
	}
	return append(out, s)
}

// Left returns the longest part of what a text spells that is still in it.
func Left(text, spelled string) string {
	for n := min(len(text), len(spelled)); n > 0; n-- {
		for i := 0; i+n <= len(spelled); i++ {
			if strings.Contains(text, spelled[i:i+n]) {
				return spelled[i : i+n]
			}
		}
	}
	return ""
}
