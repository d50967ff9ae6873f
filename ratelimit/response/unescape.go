package response

import (
	"bytes"
	"html"
	"strconv"
)

const (
	// foreign stands for a character that no token has.
	foreign = 0x80
	// longestEntity is how long the name of a character may be in HTML.
	longestEntity = 12
	// mostDigits is how many digits a character may have, with leading zeros.
	mostDigits = 64
)

// unescape returns the first character of a text, which is not empty, and how many bytes
// spell it.
func unescape(text []byte) (character byte, n int) {
	switch text[0] {
	case '\\':
		return unescapeBackslash(text)
	case '%', '=':
		if value, ok := number(text, 1, 2, 16); ok {
			return ascii(value), 3
		}
		if n := escapedBreak(text); n > 0 {
			return ' ', n
		}
		if value, ok := number(text, 2, 4, 16); ok && text[1] == 'u' {
			return ascii(value), 6
		}
	case '&':
		return unescapeEntity(text)
	}
	return text[0], 1
}

// unescapeBackslash is unescape for the escapes of JSON, Go, C and shells.
func unescapeBackslash(text []byte) (byte, int) {
	if len(text) < 2 {
		return text[0], 1
	}
	switch text[1] {
	case 'u', 'U', 'x':
		if value, end := digits(text, 3, 16); end < len(text) && text[2] == '{' && text[end] == '}' {
			return value, end + 1
		}
		width := map[byte]int{'u': 4, 'U': 8, 'x': 2}[text[1]]
		if value, ok := number(text, 2, width, 16); ok {
			return ascii(value), 2 + width
		}
	case '0', '1', '2', '3':
		for width := 3; width > 0; width-- {
			if value, ok := number(text, 1, width, 8); ok {
				return ascii(value), 1 + width
			}
		}
	case 'n', 'r', 't', 'a', 'b', 'f', 'v', 'e':
		return ' ', 2
	}
	return text[1], 2
}

// escapedBreak returns how long the line break is that quoted-printable text begins with and
// that is none of the text; 0 for none.
func escapedBreak(text []byte) int {
	for _, spelled := range []string{"=\n", "=\r\n"} {
		if bytes.HasPrefix(text, []byte(spelled)) {
			return len(spelled)
		}
	}
	return 0
}

// unescapeEntity is unescape for HTML, which takes a number also without its semicolon.
func unescapeEntity(text []byte) (byte, int) {
	if len(text) > 2 && text[1] == '#' {
		from, base := 2, 10
		if text[2] == 'x' || text[2] == 'X' {
			from, base = 3, 16
		}
		value, end := digits(text, from, base)
		if end == from {
			return text[0], 1
		}
		if end < len(text) && text[end] == ';' {
			end++
		}
		return value, end
	}
	end := bytes.IndexByte(text[:min(len(text), longestEntity)], ';')
	if end < 2 {
		return text[0], 1
	}
	plain := []rune(html.UnescapeString(string(text[:end+1])))
	if len(plain) != 1 {
		return text[0], 1
	}
	return ascii(uint64(plain[0])), end + 1
}

// digits reads all digits of a text from one on, and returns the character that they are the
// number of, and where they end.
func digits(text []byte, from, base int) (character byte, end int) {
	from = min(from, len(text))
	for end = from; end < min(len(text), from+mostDigits) && isDigit(text[end], base); end++ {
	}
	value, err := strconv.ParseUint(string(text[from:end]), base, 32)
	if err != nil {
		value = foreign
	}
	return ascii(value), end
}

func isDigit(b byte, base int) bool {
	return b >= '0' && b <= '9' || base == 16 && (b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F')
}

// number reads so many digits of a text.
func number(text []byte, from, digits, base int) (uint64, bool) {
	if from+digits > len(text) {
		return 0, false
	}
	value, err := strconv.ParseUint(string(text[from:from+digits]), base, 32)
	return value, err == nil
}

func ascii(value uint64) byte {
	if value >= foreign {
		return foreign
	}
	return byte(value)
}
