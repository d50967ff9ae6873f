package kubeconfigs

import (
	"bytes"
	"html"
	"strconv"
)

const (
	// foreign stands for a character that no token has.
	foreign = 0x80
	// longestEntity is how long a character of HTML may be spelled.
	longestEntity = 12
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
		if end := bytes.IndexByte(text[:min(len(text), longestEntity)], '}'); len(text) > 2 && text[2] == '{' && end > 3 {
			if value, ok := number(text, 3, end-3, 16); ok {
				return ascii(value), end + 1
			}
		}
		digits := map[byte]int{'u': 4, 'U': 8, 'x': 2}[text[1]]
		if value, ok := number(text, 2, digits, 16); ok {
			return ascii(value), 2 + digits
		}
	case '0', '1', '2', '3':
		for digits := 3; digits > 0; digits-- {
			if value, ok := number(text, 1, digits, 8); ok {
				return ascii(value), 1 + digits
			}
		}
	case 'n', 'r', 't', 'a', 'b', 'f', 'v', 'e':
		return ' ', 2
	}
	return text[1], 2
}

// unescapeEntity is unescape for HTML.
func unescapeEntity(text []byte) (byte, int) {
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
