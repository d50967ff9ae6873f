package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/hub/web/why"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

// textFormat is the format for people.
const textFormat = "text"

// whyFlags are those of why.
type whyFlags struct {
	hubFlags
	server why.Server
	output string
}

func newWhy() *cobra.Command {
	var f whyFlags
	cmd := &cobra.Command{
		Use:   "why COMMIT|CLUSTER/NAMESPACE/NAME",
		Short: "Say why a commit shows the statuses that it shows",
		Long: `Print what the hub knows of a commit, or of the commit of one CommitStatus: for each name
what the SCM shows, what is wanted, who owns it, the claims of all clusters with their reason,
drift, what happens next and when, and the last requests to the SCM.

COMMIT is HOST/REPO/SHA, HOST/REPO@SHA, REPO@SHA, REPO/SHA, a hash or at least 7 digits of
it, or the address of the commit in the fleet page or in the SCM. CLUSTER/NAMESPACE/NAME is
a CommitStatus, as in status.owner; "local" is the hub's own cluster.

The replica that leads is asked, through a port that is forwarded with the rights of your
own kubeconfig: see "commit-status-hub dashboard --help" for what it takes. With --server
another way to the fleet page is taken, and no kubeconfig is read. A token is sent over TLS
only, or to this machine.

The exit status is 0 if something is known, and 1 otherwise.`,
		Example: `  # What is wrong with a CommitStatus, and with the status that it is for
  commit-status-hub why prod-eu/team-a/shop-main

  # By the commit
  commit-status-hub why 1f0c7d4
  commit-status-hub why acme/shop@1f0c7d4
  commit-status-hub why https://github.com/acme/shop/commit/1f0c7d4b1e0a5c1f3e2d4b6a798f0e1d2c3b4a59

  # For a script: the phases that the claims want
  commit-status-hub why acme/shop@1f0c7d4 -o json | jq -r '.names[].claims[] | .id + " " + .phase'

  # By the address of the fleet page, where that has one that others reach
  commit-status-hub why 1f0c7d4 --server https://hub.example.com --token-file token --certificate-authority ca.crt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, args[0])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server.URL, "server", "", "address of the fleet page (default the leader's, by a forwarded port)")
	flags.StringVar(&f.server.CAFile, "certificate-authority", "", "file with certificates to trust for --server, beside the system's")
	flags.StringVarP(&f.output, "output", "o", textFormat, "text or json")
	for _, other := range []string{"kubeconfig", "context", "namespace"} {
		cmd.MarkFlagsMutuallyExclusive("server", other)
	}
	choices(cmd, textFormat, onboard.JSON)
	return cmd
}

func (f *whyFlags) run(cmd *cobra.Command, asked string) error {
	if f.output != textFormat && f.output != onboard.JSON {
		return fmt.Errorf("there is no format %q: choose %s or %s", f.output, textFormat, onboard.JSON)
	}
	target, err := why.Parse(asked)
	if err != nil {
		return err
	}
	client, end, err := f.client(cmd.Context())
	if err != nil {
		return err
	}
	defer end()
	answer, err := client.Find(cmd.Context(), target)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if f.output == onboard.JSON {
		return answer.WriteJSON(out)
	}
	return answer.Print(out, why.ScreenOf(out, os.Getenv), time.Now())
}

// client returns a client of the fleet page, and what ends its connection.
func (f *whyFlags) client(ctx context.Context) (why.Client, func(), error) {
	if f.server.URL != "" {
		f.server.TokenFile = f.tokenFile
		client, err := f.server.Client()
		return client, func() {}, err
	}
	if f.server.CAFile != "" {
		return why.Client{}, nil, errors.New("--certificate-authority is for --server")
	}
	hub, err := f.page()
	if err != nil {
		return why.Client{}, nil, err
	}
	leader, err := hub.Leader(ctx)
	if err != nil {
		return why.Client{}, nil, err
	}
	tunnel, err := hub.Open(ctx, leader)
	if err != nil {
		return why.Client{}, nil, err
	}
	return why.Client{HTTP: why.NewHTTP(tunnel), Base: tunnel.URL()}, tunnel.Close, nil
}
