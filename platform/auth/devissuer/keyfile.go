package devissuer

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// KeyFile is the name of the key's file in the data folder: an Ed25519 private
// key, PKCS #8 in PEM (RFC 8410).
const KeyFile = "dev-issuer-key.pem"

const pemType = "PRIVATE KEY"

func loadOrMakeKey(dir string, random io.Reader) (ed25519.PrivateKey, error) {
	file := filepath.Join(dir, KeyFile)
	key, err := loadKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(dir, file, random); err != nil {
		return nil, fmt.Errorf("make the development issuer's key file %s: %w", file, err)
	}
	return loadKey(file)
}

func loadKey(file string) (ed25519.PrivateKey, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("find the development issuer's key file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the development issuer's key file %s is not a regular file", file)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(file, 0o600); err != nil {
			return nil, fmt.Errorf("the development issuer's key file can be read by others: %w", err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the development issuer's key file: %w", err)
	}
	key, err := parseKey(raw)
	if err != nil {
		return nil, fmt.Errorf("the development issuer's key file %s is damaged (%w); remove it to have a new key made, which ends all tokens of the old one", file, err)
	}
	return key, nil
}

func parseKey(raw []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("it holds no PEM block of type %s", pemType)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read its PKCS #8: %w", err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("it holds a %T, not an Ed25519 key", parsed)
	}
	return key, nil
}

// makeKey writes a new key beside its place and links it there: the link
// appears with the whole content or not at all, and only the first of several
// processes makes it. The others go on with the first one's key.
func makeKey(dir, file string, random io.Reader) error {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return fmt.Errorf("draw a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return fmt.Errorf("encode a key: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// CreateTemp makes the file with mode 0600.
	temp, err := os.CreateTemp(dir, "."+KeyFile+"-*")
	if err != nil {
		return err
	}
	written := writeAndClose(temp, pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: der}))
	if written == nil {
		written = os.Link(temp.Name(), file)
	}
	if errors.Is(written, fs.ErrExist) {
		written = nil
	}
	return errors.Join(written, os.Remove(temp.Name()))
}

func writeAndClose(f *os.File, content []byte) error {
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Close()
}
