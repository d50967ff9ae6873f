package ratelimit

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestAKeyThatWaitsTakesLessThan300Bytes(t *testing.T) {
	NewWithT(t).Expect(bytesPerKey(100_000, newLane)).To(BeNumerically("<", 300), "beside its strings")
}
