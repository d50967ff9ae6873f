package main

import (
	"bytes"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/spf13/cobra"
)

// status executes a command line, and returns its exit status and what it prints.
func status(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errors bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	code := execute(t.Context(), root, &out, &errors)
	return code, out.String(), errors.String()
}

func TestExecute_UnknownCommandIsAnErrorThatSuggestsOne(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"of the root":       {[]string{"clster"}, `unknown command "clster" for "commit-status-hub": did you mean cluster?`},
		"of cluster":        {[]string{"cluster", "chek"}, `unknown command "chek" for "commit-status-hub cluster": did you mean check?`},
		"after a flag":      {[]string{"cluster", "--namespace", "x", "remov"}, `did you mean remove?`},
		"with arguments":    {[]string{"cluster", "ad", "prod-eu"}, `did you mean add?`},
		"of completion":     {[]string{"completion", "zhs"}, `did you mean zsh?`},
		"without a like":    {[]string{"cluster", "frobnicate"}, `"commit-status-hub cluster --help" lists the commands`},
		"of help":           {[]string{"help", "cluster", "chek"}, `did you mean check?`},
		"of help, at first": {[]string{"help", "clster"}, `did you mean cluster?`},
		"a leaf":            {[]string{"cluster", "list", "all"}, `unknown command "all"`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			code, out, errors := status(t, c.args...)
			g.Expect(code).To(Equal(1))
			g.Expect(errors).To(ContainSubstring(c.want))
			g.Expect(out).To(BeEmpty())
		})
	}
}

func TestExecute_EveryCommandWithSubcommandsRefusesUnknownOnes(t *testing.T) {
	g := NewWithT(t)
	root := newRoot()
	root.SetArgs([]string{"version"})
	g.Expect(execute(t.Context(), root, &bytes.Buffer{}, &bytes.Buffer{})).To(Equal(0))
	parents := 0
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.HasSubCommands() {
			parents++
			g.Expect(cmd.ValidateArgs([]string{"nonsense"})).To(MatchError(ContainSubstring("nonsense")), cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	g.Expect(parents).To(BeNumerically(">=", 3), "the root, cluster and completion")
}

func TestExecute_CommandWithSubcommandsAlonePrintsItsHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"cluster"}, {"completion"}, {"help"}, {"help", "cluster"}, {"help", "cluster", "check"}, {"cluster", "check", "--help"}} {
		g := NewWithT(t)
		code, out, errors := status(t, args...)
		g.Expect(code).To(Equal(0))
		g.Expect(out).To(ContainSubstring("Usage:"))
		g.Expect(errors).To(BeEmpty())
	}
}

func TestExecute_PrintsACompletionScriptOnItsOutput(t *testing.T) {
	g := NewWithT(t)
	code, out, _ := status(t, "completion", "bash")
	g.Expect(code).To(Equal(0))
	g.Expect(out).To(ContainSubstring("__start_commit-status-hub"))
}
