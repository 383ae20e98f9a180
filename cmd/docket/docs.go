package main

import (
	"context"
	"fmt"
	"time"

	"docket/platform/auth/devissuer"
	"docket/platform/httpx"
	"docket/platform/pages"
)

// addPages serves what people see in a browser.
func addPages(app *httpx.App, g graph, r running) error {
	set, err := pages.New()
	if err != nil {
		return err
	}
	set.AddAssets(app)
	addHome(app, set, g, r)
	app.AddPage(pages.ReferencePath, func(_ context.Context, v httpx.Visit) (httpx.HTML, error) {
		token, err := visitorToken(v, g.issuer, time.Now())
		if err != nil {
			return httpx.HTML{}, err
		}
		html, err := set.Reference(pages.Reference{Document: openAPIPath, Token: token, Routes: app.Routes()})
		return httpx.HTML{Text: html, Personal: token != ""}, err
	})
	return set.AddErrors(app)
}

// visitorToken signs in whoever looks at a page as the development user, where
// there is a development issuer and the visitor sits at this machine; "" is for
// everybody else.
func visitorToken(v httpx.Visit, issuer *devissuer.Issuer, now time.Time) (string, error) {
	if issuer == nil || !v.AtHome {
		return "", nil
	}
	return developmentToken(issuer, now)
}

// developmentToken makes a token of the development user.
func developmentToken(issuer *devissuer.Issuer, now time.Time) (string, error) {
	token, err := issuer.Sign(devissuer.Claims{
		Subject: devissuer.SubjectFor(developmentEmail), Email: developmentEmail, Name: developmentName,
		IssuedAt: now, ExpiresAt: now.Add(developmentExpires),
	})
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}
