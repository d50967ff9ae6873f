package main

import (
	"bytes"
	"errors"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/hub"
)

var (
	quoted        = regexp.MustCompile(`'(\w+)'`)
	quotedDefault = regexp.MustCompile(`Defaults to '(\w+)'`)
	number        = regexp.MustCompile(`[0-9]`)
)

func TestRun_AcceptsEachWordThatTheHelpOfItsLogFlagsNames(t *testing.T) {
	g := NewWithT(t)
	words := 0
	newRun().Flags().VisitAll(func(f *pflag.Flag) {
		if !regexp.MustCompile("^zap-").MatchString(f.Name) {
			return
		}
		for _, word := range quoted.FindAllStringSubmatch(f.Usage, -1) {
			words++
			g.Expect(f.Value.Set(word[1])).To(Succeed(), "--%s", f.Name)
		}
	})
	g.Expect(words).To(BeNumerically(">", 10))
}

func TestRun_HelpNamesTheTimeEncodingThatIsTheDefault(t *testing.T) {
	g := NewWithT(t)
	// A line with its digits taken for each other.
	line := func(args ...string) string {
		var out bytes.Buffer
		options, cmd := zap.Options{DestWriter: &out}, &cobra.Command{}
		addRunFlags(cmd, &hub.Options{}, &options)
		g.Expect(cmd.ParseFlags(args)).To(Succeed())
		zap.New(zap.UseFlagOptions(&options)).Info("now")
		return number.ReplaceAllString(out.String(), "0")
	}
	named := quotedDefault.FindStringSubmatch(newRun().Flag("zap-time-encoding").Usage)
	g.Expect(named).To(HaveLen(2))
	g.Expect(line()).To(Equal(line("--zap-time-encoding=" + named[1])))
	g.Expect(line()).NotTo(Equal(line("--zap-time-encoding=epoch")))
}

func TestExecute_PrintsNoErrorThatIsLogged(t *testing.T) {
	g := NewWithT(t)
	var out, stderr bytes.Buffer
	root := newRoot()
	root.AddCommand(&cobra.Command{Use: "fail", RunE: func(*cobra.Command, []string) error { return logged{errors.New("once")} }})
	root.SetArgs([]string{"fail"})
	g.Expect(execute(t.Context(), root, &out, &stderr)).To(Equal(1))
	g.Expect(stderr.String()).To(BeEmpty())
}
