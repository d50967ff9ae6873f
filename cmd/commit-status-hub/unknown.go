package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// suggestionDistance is how many letters a command may differ in from a word for which it is
// suggested.
const suggestionDistance = 2

// refuseUnknown makes an unknown subcommand an error, of cmd and of all commands below it. By
// default, cobra prints the help of a command that only has subcommands, and succeeds.
func refuseUnknown(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		refuseUnknown(sub)
		if sub.Name() == "help" {
			sub.Run, sub.RunE = nil, help
		}
	}
	if !cmd.HasSubCommands() {
		return
	}
	cmd.SuggestionsMinimumDistance = suggestionDistance
	cmd.DisableFlagsInUseLine = true
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknown(cmd, args[0])
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// help prints the help of the command that args lead to.
func help(cmd *cobra.Command, args []string) error {
	topic, rest, err := cmd.Root().Find(args)
	if err != nil {
		return err
	}
	if len(rest) > 0 && topic.HasSubCommands() {
		return unknown(topic, rest[0])
	}
	topic.InitDefaultHelpFlag()
	topic.InitDefaultVersionFlag()
	return topic.Help()
}

// unknown is the error for a word that is no subcommand of cmd.
func unknown(cmd *cobra.Command, word string) error {
	path := cmd.CommandPath()
	if like := cmd.SuggestionsFor(word); len(like) > 0 {
		return fmt.Errorf("unknown command %q for %q: did you mean %s?", word, path, strings.Join(like, " or "))
	}
	return fmt.Errorf("unknown command %q for %q: %q lists the commands", word, path, path+" --help")
}
