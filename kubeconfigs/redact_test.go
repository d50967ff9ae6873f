package kubeconfigs

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// spellings are ways to write a text; most of them software has by chance.
var spellings = map[string]func(string) string{
	"as it is":               func(s string) string { return s },
	"JSON":                   func(s string) string { return each(s, `\u%04x`) },
	"JSON, capitals":         func(s string) string { return each(s, `\u%04X`) },
	"JSON, the first letter": func(s string) string { return fmt.Sprintf(`\u%04x`, s[0]) + s[1:] },
	"JSON, in part":          func(s string) string { return some(s, `\u%04x`) },
	"JSON, twice":            func(s string) string { return strings.Trim(quoted(each(s, `\u%04x`)), `"`) },
	"JSON, thrice":           func(s string) string { return strings.Trim(quoted(strings.Trim(quoted(some(s, `\u%04x`)), `"`)), `"`) },
	"JavaScript":             func(s string) string { return each(s, `\u{%x}`) },
	"Go":                     func(s string) string { return each(s, `\x%02x`) },
	"Go, capitals":           func(s string) string { return each(s, `\x%02X`) },
	"Go, long":               func(s string) string { return each(s, `\U%08x`) },
	"Go, quoted":             func(s string) string { return strconv.Quote(some(s, `\u%04x`)) },
	"octal":                  func(s string) string { return each(s, `\%03o`) },
	"backslashes":            func(s string) string { return some(s, `\%c`) },
	"URL":                    func(s string) string { return each(s, `%%%02x`) },
	"URL, capitals":          func(s string) string { return some(s, `%%%02X`) },
	"URL, twice":             func(s string) string { return url.QueryEscape(each(s, `%%%02x`)) },
	"HTML":                   func(s string) string { return each(s, `&#%d;`) },
	"HTML, hex":              func(s string) string { return some(s, `&#x%X;`) },
	"HTML, twice":            func(s string) string { return html.EscapeString(each(s, `&#x%x;`)) },
	"HTML, names": func(s string) string {
		return strings.NewReplacer(".", "&period;", "-", "&#45;", "_", "&lowbar;").Replace(s)
	},
	"mail":         func(s string) string { return each(s, `=%02X`) },
	"URL in JSON":  func(s string) string { return strings.Trim(quoted(each(s, `%%%02x`)), `"`) },
	"JSON in URL":  func(s string) string { return url.QueryEscape(each(s, `\u%04x`)) },
	"HTML in JSON": func(s string) string { return each(each(s, `&#%d;`), `\u%04x`) },
	"base64":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64, 1 on": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a" + s + "b")) },
	"base64, header": func(s string) string {
		return strings.Trim(base64.URLEncoding.EncodeToString([]byte("Be "+s+" no")), "=")
	},
	"base64, in JSON": func(s string) string { return each(base64.RawURLEncoding.EncodeToString([]byte(s)), `\u%04x`) },
	"hex":             func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex, capitals":   func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"hex, spaces":     func(s string) string { return each(s, "%02x ") },
	"spaces":          func(s string) string { return each(s, "%c ") },
	"lines":           func(s string) string { return strings.Join(chunks(s, 7), "\r\n\t") },
	"escaped lines":   func(s string) string { return strings.Join(chunks(s, 7), `\n`) },
	"colors":          func(s string) string { return strings.Join(chunks(s, 5), "\x1b[1;31m") },
	"escaped colors":  func(s string) string { return strings.Join(chunks(s, 5), `\u001b[0m`) },
	"nothing to see":  func(s string) string { return strings.Join(chunks(s, 3), "\u200b") },
	"bells":           func(s string) string { return strings.Join(chunks(s, 3), "\a") },
	"the first half":  func(s string) string { return s[:len(s)/2] },
	"the last half":   func(s string) string { return s[len(s)/2:] },
	"two halves":      func(s string) string { return s[:len(s)/2] + " … " + s[len(s)/2:] },
}

func each(s, format string) string {
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

func quoted(s string) string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func chunks(s string, n int) (out []string) {
	for len(s) > n {
		out, s = append(out, s[:n]), s[n:]
	}
	return append(out, s)
}

// left is how much of what a text spells is left in it, at most, in one piece.
func left(text, spelled string) string {
	for n := min(len(text), len(spelled)); n > 0; n-- {
		for i := 0; i+n <= len(spelled); i++ {
			if strings.Contains(text, spelled[i:i+n]) {
				return spelled[i : i+n]
			}
		}
	}
	return ""
}

func TestRedact_FindsATokenHoweverItIsSpelled(t *testing.T) {
	tokens := map[string]string{"JWT": tokenOf("hub", "0b5c", noon) + strings.Repeat("Zq3-x_9K", 40), "opaque": "abcdef-0123456789.Token_x"}
	for kind, token := range tokens {
		for name, spell := range spellings {
			t.Run(kind+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				if len(token)/2 < telling && strings.Contains(name, "hal") {
					t.Skip("of a short token half tells little")
				}
				spelled := spell(token)
				for _, text := range []string{spelled, `no "` + spelled + `" is accepted here`, "token=" + spelled + "&more"} {
					clean := redact(text, token)
					g.Expect(clean).To(ContainSubstring(hidden))
					// Base64 has the neighbours' bits in it at both ends, and quotes stay.
					g.Expect(len(left(clean, spelled))).To(BeNumerically("<=", 8), "%s", clean)
				}
				g.Expect(redact("the member said nothing of it: Forbidden", token)).To(Equal("the member said nothing of it: Forbidden"))
			})
		}
	}
}

func TestRedact_LeavesOtherTextsAlone(t *testing.T) {
	token := tokenOf("hub", "u", noon)
	for _, text := range []string{
		"", "a", `commitstatuses.commit-status.argoproj.io is forbidden: User "system:serviceaccount:a:b" cannot list`,
		`100% of \u0065scapes &amp; &#x65; =41 \`, "\x1b[31mred\x1b[0m", `\u`, `%`, `&#;`, `\x1`, "\x1b", "\x1b[", `\u{`, `\u{}`, `\U0000`, `=`, `&`,
	} {
		NewWithT(t).Expect(redact(text, token)).To(Equal(text))
	}
	NewWithT(t).Expect(redact("short", "short")).To(Equal("short"), "too short to be a secret")
}

func FuzzRedact(f *testing.F) {
	for _, spell := range spellings {
		f.Add(spell("abcdef-0123456789.Token_x"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		const token = "abcdef-0123456789.Token_x"
		clean := redact("("+text+" "+token+")", token)
		if strings.Contains(clean, token) || !strings.HasSuffix(clean, ")") {
			t.Fatalf("%q", clean)
		}
	})
}

func TestHide_LeavesNothingOfATokenInAnErrorsBody(t *testing.T) {
	token := tokenOf("hub", "u", noon)
	for name, spell := range spellings {
		for shape, body := range map[string]string{
			"a Status": `{"kind":"Status","apiVersion":"v1","status":"Failure","code":403,"message":` + quoted("\x1b[2J no: "+spell(token)) + `,"details":{"causes":[{"message":` + quoted(spell(token)) + `}]}}`,
			"prose":    "\x1b[2J no: " + spell(token),
		} {
			t.Run(name+" "+shape, func(t *testing.T) {
				g := NewWithT(t)
				response := &http.Response{StatusCode: http.StatusForbidden, Status: "403 \a" + spell(token), Body: io.NopCloser(strings.NewReader(body))}
				hide(&http.Request{Method: http.MethodGet}, response, token)
				text, err := io.ReadAll(response.Body)
				g.Expect(err).NotTo(HaveOccurred())
				said := string(text)
				if shape == "a Status" {
					var status struct{ Message string }
					g.Expect(json.Unmarshal(text, &status)).To(Succeed())
					said = status.Message
					g.Expect(string(text)).To(ContainSubstring(`"code":403`))
				}
				for _, each := range []string{said, response.Status} {
					g.Expect(each).NotTo(ContainSubstring("\x1b"))
					g.Expect(each).NotTo(ContainSubstring("\a"))
					g.Expect(len(left(each, spell(token)))).To(BeNumerically("<=", 8), "%s", each)
				}
			})
		}
	}
}

func TestHide_MasksEscapesInWhatAnswersAWrite(t *testing.T) {
	g := NewWithT(t)
	token := tokenOf("hub", "u", noon)
	response := &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(`{"updatedAt":"` + each(token, `\u%04x`) + `"}`))}
	hide(httptest.NewRequest(http.MethodPatch, "/apis/x", nil), response, token)
	text, err := io.ReadAll(response.Body)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(text)).To(Equal(`{"updatedAt":"***"}`))
}

func TestHideIn_TakesControlCharactersOutToo(t *testing.T) {
	g := NewWithT(t)
	cause := errors.New("\x1b]0;title\a" + each("abacab-token", `\x%02x`))
	err := hideIn(cause, "abacab-token")
	g.Expect(err).To(MatchError(" ]0;title ***"))
	g.Expect(errors.Is(err, cause)).To(BeTrue())
	g.Expect(hideIn(nil, "abacab-token")).To(Succeed())
}

func BenchmarkRedact(b *testing.B) {
	token := tokenOf("hub", "u", noon) + strings.Repeat("Zq3-x_9K", 100)
	text := `commitstatuses.commit-status.argoproj.io "shop" is forbidden: User "system:serviceaccount:a:b" cannot patch resource in the namespace "team-a"`
	for b.Loop() {
		redact(text, token)
	}
}

func TestRedact_KnowsMoreSpellings(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMzQ1Njc4OTAifQ.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	for name, spell := range map[string]func(string) string{
		"mail, soft line breaks":  func(s string) string { return strings.Join(chunks(s, 7), "=\r\n") },
		"HTML without semicolons": func(s string) string { return each(s, "&#%d ") },
		"URL, %u":                 func(s string) string { return each(s, "%%u%04x") },
		"HTML, leading zeros":     func(s string) string { return each(s, "&#00000000%d;") },
		"JavaScript, long":        func(s string) string { return each(s, `\u{00000000%x}`) },
	} {
		t.Run(name, func(t *testing.T) {
			text := "the gateway says " + spell(token) + " here"
			if clean := redact(text, token); clean == text {
				t.Errorf("nothing is hidden: %.80s", clean)
			}
		})
	}
}

func TestUnescape_ReadsNothingBeyondTheText(t *testing.T) {
	for _, text := range []string{`\`, `\u`, `\u{`, `\u{6`, `\x`, `\U`, `&`, `&#`, `&#x`, `&#9`, `%`, `%u`, `%u0`, `=`, "=\r"} {
		cut := []byte(text)
		_, n := unescape(cut[:len(text):len(text)])
		NewWithT(t).Expect(n).To(BeNumerically("<=", len(text)), "%q", text)
	}
}
