package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// freshDatabase makes an empty database on the server whose superuser's URL is given. drop removes it, whoever is
// still connected.
func freshDatabase(ctx context.Context, maintenance string) (database string, drop func() error, err error) {
	u, err := url.Parse(maintenance)
	if err != nil {
		return "", nil, errors.New("NELKE_TEST_DATABASE_URL is no URL") // the error would repeat a password
	}
	name := "nelke_story_" + strings.ToLower(rand.Text()[:10])
	if err := administer(ctx, maintenance, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() error {
		// Also after Ctrl-C: the story's own context has ended by then.
		return administer(context.WithoutCancel(ctx), maintenance, "DROP DATABASE "+name+" WITH (FORCE)")
	}, nil
}

func administer(ctx context.Context, maintenance, statement string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience+15*time.Second) // copying a template waits for the disk
	defer cancel()
	conn, err := pgx.Connect(ctx, maintenance)
	if err != nil {
		return fmt.Errorf("connect to NELKE_TEST_DATABASE_URL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
