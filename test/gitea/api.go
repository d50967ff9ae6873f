package gitea

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// User is somebody who has an access token.
type User struct{ Name, Token string }

// tokenName is what each user's access token is called.
const tokenName = "tests"

// AddUser makes a user, who is an administrator of the whole site or not, and an access
// token with some scopes.
func (s *Server) AddUser(ctx context.Context, name string, administrator bool, scopes ...string) (User, error) {
	err := s.Call(ctx, http.MethodPost, "admin/users", map[string]any{
		"username": name, "email": name + "@example.com", "password": s.password, "must_change_password": false,
	}, nil)
	if err != nil {
		return User{}, err
	}
	if administrator {
		if err := s.SetAdministrator(ctx, name, true); err != nil {
			return User{}, err
		}
	}
	var made struct {
		Token string `json:"sha1"`
	}
	err = s.Call(ctx, http.MethodPost, "users/"+name+"/tokens", map[string]any{"name": tokenName, "scopes": scopes}, &made)
	if err == nil && made.Token == "" {
		err = fmt.Errorf("no token was made for %s", name)
	}
	return User{Name: name, Token: made.Token}, err
}

// SetAdministrator makes a user an administrator of the whole site, or no longer one.
func (s *Server) SetAdministrator(ctx context.Context, name string, administrator bool) error {
	return s.Call(ctx, http.MethodPatch, "admin/users/"+name,
		map[string]any{"source_id": 0, "login_name": name, "admin": administrator}, nil)
}

// Revoke deletes a user's access token.
func (s *Server) Revoke(ctx context.Context, user User) error {
	return s.Call(ctx, http.MethodDelete, "users/"+user.Name+"/tokens/"+tokenName, nil, nil)
}

// Call makes a request of the API, not by the provider, as the owner. in is sent and out
// is read, each unless it is nil.
//
// It has the owner's password: Gitea wants one for all that is about tokens, and takes
// milliseconds to check a token.
func (s *Server) Call(ctx context.Context, method, path string, in, out any) error {
	return s.call(ctx, func(r *http.Request) { r.SetBasicAuth(owner, s.password) }, method, path, in, out)
}

// CallAs is Call as another user.
func (s *Server) CallAs(ctx context.Context, user User, method, path string, in, out any) error {
	return s.call(ctx, func(r *http.Request) { r.Header.Set("Authorization", "token "+user.Token) }, method, path, in, out)
}

func (s *Server) call(ctx context.Context, as func(*http.Request), method, path string, in, out any) error {
	body := &bytes.Buffer{}
	if in != nil {
		if err := json.NewEncoder(body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, s.Root+"/api/v1/"+path, body)
	if err != nil {
		return err
	}
	as(req)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
