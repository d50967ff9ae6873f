package response

import (
	"encoding/base64"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/ratelimit/response/responsetest"
)

// jwt is a token as a member's API server makes it.
var jwt = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImFiYyJ9." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"system:serviceaccount:system:hub","exp":1795000000,"iat":1794996400}`)) + ".c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"

func TestRedact_FindsATokenHoweverItIsSpelled(t *testing.T) {
	tokens := map[string]string{"JWT": jwt + strings.Repeat("Zq3-x_9K", 40), "opaque": "abcdef-0123456789.Token_x"}
	for kind, token := range tokens {
		for name, spell := range responsetest.Spellings {
			t.Run(kind+" "+name, func(t *testing.T) {
				g := NewWithT(t)
				if len(token)/2 < minPart && strings.Contains(name, "hal") {
					t.Skip("of a short token half tells little")
				}
				spelled := spell(token)
				for _, text := range []string{spelled, `no "` + spelled + `" is accepted here`, "token=" + spelled + "&more"} {
					clean := NewRedactor(token).Redact(text)
					g.Expect(clean).To(ContainSubstring(Mask))
					// Base64 has the neighbours' bits in it at both ends, and quotes stay.
					g.Expect(len(responsetest.Left(clean, spelled))).To(BeNumerically("<=", 8), "%s", clean)
				}
				g.Expect(NewRedactor(token).Redact("the member said nothing of it: Forbidden")).To(Equal("the member said nothing of it: Forbidden"))
			})
		}
	}
}

func TestRedact_LeavesOtherTextsAlone(t *testing.T) {
	token := jwt
	for _, text := range []string{
		"", "a", `commitstatuses.commit-status.argoproj.io is forbidden: User "system:serviceaccount:a:b" cannot list`,
		`100% of \u0065scapes &amp; &#x65; =41 \`, "\x1b[31mred\x1b[0m", `\u`, `%`, `&#;`, `\x1`, "\x1b", "\x1b[", `\u{`, `\u{}`, `\U0000`, `=`, `&`,
	} {
		NewWithT(t).Expect(NewRedactor(token).Redact(text)).To(Equal(text))
	}
	NewWithT(t).Expect(NewRedactor("short").Redact("short")).To(Equal("short"), "too short to be a secret")
}

func FuzzRedact(f *testing.F) {
	for _, spell := range responsetest.Spellings {
		f.Add(spell("abcdef-0123456789.Token_x"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		const token = "abcdef-0123456789.Token_x"
		clean := NewRedactor(token).Redact("(" + text + " " + token + ")")
		if strings.Contains(clean, token) || !strings.HasSuffix(clean, ")") {
			t.Fatalf("%q", clean)
		}
	})
}

func BenchmarkRedact(b *testing.B) {
	token := jwt + strings.Repeat("Zq3-x_9K", 100)
	text := `commitstatuses.commit-status.argoproj.io "shop" is forbidden: User "system:serviceaccount:a:b" cannot patch resource in the namespace "team-a"`
	for b.Loop() {
		NewRedactor(token).Redact(text)
	}
}

func TestRedact_KnowsMoreSpellings(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMzQ1Njc4OTAifQ.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	for name, spell := range map[string]func(string) string{
		"mail, soft line breaks":  func(s string) string { return strings.Join(responsetest.Chunks(s, 7), "=\r\n") },
		"HTML without semicolons": func(s string) string { return responsetest.Each(s, "&#%d ") },
		"URL, %u":                 func(s string) string { return responsetest.Each(s, "%%u%04x") },
		"HTML, leading zeros":     func(s string) string { return responsetest.Each(s, "&#00000000%d;") },
		"JavaScript, long":        func(s string) string { return responsetest.Each(s, `\u{00000000%x}`) },
	} {
		t.Run(name, func(t *testing.T) {
			text := "the gateway says " + spell(token) + " here"
			if clean := NewRedactor(token).Redact(text); clean == text {
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
