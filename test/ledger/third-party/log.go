package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Items of a full tile: 2 to the power of its height.
const (
	height = 8
	width  = 1 << height
)

// log reads the static files of a log (C2SP tlog-tiles). It is a tlog.TileReader.
type log struct {
	prefix, key string
	tiles       int
}

func (l *log) checkpoint(vkey string) (*head, error) {
	text, err := l.fetch("checkpoint", "text/plain; charset=utf-8")
	if err != nil {
		return nil, err
	}
	return openCheckpoint(text, vkey)
}

// leaves reads the lowest tiles: the leaf hashes of the whole tree.
func (l *log) leaves(size int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for first := int64(0); first < size; first += width {
		tile := tlog.Tile{H: height, L: 0, N: first / width, W: int(minimum(size-first, width))}
		read, err := l.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return nil, err
		}
		for at := 0; at < len(read[0]); at += tlog.HashSize {
			var leaf tlog.Hash
			copy(leaf[:], read[0][at:])
			leaves = append(leaves, leaf)
		}
	}
	return leaves, nil
}

// bundle reads the entries of one lowest tile.
func (l *log) bundle(n, count int64) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: -1, N: n, W: int(count)}
	path := strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1)
	rest, err := l.fetch(path, "application/octet-stream")
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(rest) >= 2 {
		length := int(binary.BigEndian.Uint16(rest))
		if len(rest) < 2+length {
			break
		}
		entries = append(entries, rest[2:2+length])
		rest = rest[2+length:]
	}
	if len(rest) > 0 || int64(len(entries)) != count {
		return nil, errors.New(path + " is not a whole bundle")
	}
	return entries, nil
}

func (l *log) Height() int { return height }

func (l *log) SaveTiles([]tlog.Tile, [][]byte) {}

func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(tiles))
	for i, tile := range tiles {
		// The height stands in the paths of Go's own database, and is always 8 in these.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		body, err := l.fetch(path, "application/octet-stream")
		if err != nil {
			return nil, err
		}
		if len(body) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(body))
		}
		read[i] = body
		l.tiles++
	}
	return read, nil
}

func (l *log) fetch(path, kind string) ([]byte, error) {
	request, err := http.NewRequest("GET", l.prefix+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, "tile/entries/") {
		request.Header.Set("Authorization", "Bearer "+l.key)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != kind {
		return nil, fmt.Errorf("%s: %s, %s", path, answer.Status, answer.Header.Get("Content-Type"))
	}
	return body, nil
}

func minimum(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}
