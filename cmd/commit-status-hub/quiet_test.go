package main

import (
	"testing"

	. "github.com/onsi/gomega"
	"go.uber.org/zap/zapcore"
)

func TestNoLevelIsLoggedThatTellsWhatIsInAnswers(t *testing.T) {
	g := NewWithT(t)
	all := quiet{zapcore.Level(-100)}
	g.Expect(all.Enabled(-8)).To(BeFalse())
	g.Expect(all.Enabled(-10)).To(BeFalse())
	g.Expect(all.Enabled(-7)).To(BeTrue())
	g.Expect(all.Enabled(zapcore.InfoLevel)).To(BeTrue())
	g.Expect(quiet{zapcore.ErrorLevel}.Enabled(zapcore.InfoLevel)).To(BeFalse())
}
