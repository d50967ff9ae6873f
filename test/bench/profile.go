package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// profileTime is how long processor time is profiled, at most.
const profileTime = 30 * time.Second

// profiler reads profiles, which take as long as they are of.
var profiler = &http.Client{Timeout: 2 * profileTime}

// profile writes one of the hub's profiles, such as heap, to a file in a folder. It does
// nothing where the folder is "".
func (h *hubProcess) profile(ctx context.Context, folder, file, kind string) error {
	if folder == "" {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.profiles+kind, nil)
	if err != nil {
		return err
	}
	answer, err := profiler.Do(request)
	if err != nil {
		return fmt.Errorf("reading the profile %s: %w", kind, err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("reading the profile %s: %w", kind, err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of profiles: %w", err)
	}
	return os.WriteFile(filepath.Join(folder, file), text, 0o644)
}

// profileWhile profiles the hub's processor time from now on. The caller waits for what it
// returns.
func (h *hubProcess) profileWhile(ctx context.Context, folder, file string) (wait func() error) {
	done := make(chan error, 1)
	go func() {
		done <- h.profile(ctx, folder, file, fmt.Sprintf("profile?seconds=%d", int(profileTime.Seconds())))
	}()
	return func() error { return <-done }
}

// profileStart is profileWhile for a hub that has just been started.
func (h *hubProcess) profileStart(ctx context.Context, folder string, n int) (wait func() error) {
	done := make(chan error, 1)
	go func() {
		done <- until(ctx, func() (bool, error) {
			return folder == "" || h.profile(ctx, folder, fmt.Sprintf("restart-%d.cpu", n), "profile?seconds=10") == nil, nil
		})
	}()
	return func() error { return <-done }
}
