// Command third-party checks a log as it is served, with nothing of the project: the notes, trees and
// tiles are those of golang.org/x/mod, which keeps Go's own checksum database honest.
//
//  1. The checkpoint is fetched, and its signature checked by the verifier key.
//  2. The hash tiles are fetched; the root is built anew out of the lowest ones, and must be the one
//     that was signed. Every tile above must agree with it.
//  3. The entry bundles are fetched; each entry must be the one whose hash stands in the tree, and a
//     sample of them is proved by inclusion proofs made from the tiles.
//  4. An older checkpoint, where one is given, must be of a tree that this one goes on from.
//
// It prints one line of JSON, or says what is wrong and ends with 1.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type report struct {
	Origin  string `json:"origin"`
	Size    int64  `json:"size"`
	Root    string `json:"root"`
	Tiles   int    `json:"tiles"`
	Entries int64  `json:"entries"`
	Proved  int    `json:"proved"`
	From    int64  `json:"from"`
}

type options struct {
	prefix, vkey, key, older string
	samples                  int64
}

func main() {
	var given options
	flag.StringVar(&given.prefix, "log", "", "URL of the log, without a slash at its end")
	flag.StringVar(&given.vkey, "vkey", "", "verifier key of the log")
	flag.StringVar(&given.older, "older", "", "file with an older checkpoint")
	flag.Int64Var(&given.samples, "samples", 32, "entries to prove")
	flag.Parse()
	// Not an argument: other people of the machine can read those.
	given.key = os.Getenv("LOG_KEY")
	made, err := check(given)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(made)
}

func check(given options) (*report, error) {
	log := &log{prefix: given.prefix, key: given.key}
	head, err := log.checkpoint(given.vkey)
	if err != nil {
		return nil, err
	}
	leaves, err := log.leaves(head.N)
	if err != nil {
		return nil, err
	}
	if err := checkRoot(head.Tree, leaves); err != nil {
		return nil, err
	}
	hashes := tlog.TileHashReader(head.Tree, log)
	entries, err := checkEntries(log, head.N, leaves)
	if err != nil {
		return nil, err
	}
	proved, err := proveSample(head.Tree, hashes, leaves, given.samples)
	if err != nil {
		return nil, err
	}
	from, err := checkOlder(head.Tree, hashes, given)
	if err != nil {
		return nil, err
	}
	return &report{head.origin, head.N, head.Hash.String(), log.tiles, entries, proved, from}, nil
}

// checkRoot builds the tree out of its leaves alone.
func checkRoot(tree tlog.Tree, leaves []tlog.Hash) error {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for n, leaf := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(n), leaf, read)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	root, err := tlog.TreeHash(tree.N, read)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the tiles make the root %v, the checkpoint signs %v", root, tree.Hash)
	}
	return nil
}

func checkEntries(log *log, size int64, leaves []tlog.Hash) (int64, error) {
	var seen int64
	for first := int64(0); first < size; first += width {
		bundle, err := log.bundle(first/width, minimum(size-first, width))
		if err != nil {
			return 0, err
		}
		for _, entry := range bundle {
			if tlog.RecordHash(entry) != leaves[seen] {
				return 0, fmt.Errorf("entry %d is not the one whose hash is in the tree", seen)
			}
			seen++
		}
	}
	if seen != size {
		return 0, fmt.Errorf("the bundles hold %d entries of %d", seen, size)
	}
	return seen, nil
}

// proveSample proves entries that are spread over the log, the first and the last among them.
func proveSample(tree tlog.Tree, hashes tlog.HashReader, leaves []tlog.Hash, samples int64) (int, error) {
	step := tree.N/samples + 1
	proved := 0
	for n := int64(0); n < tree.N; n += step {
		if err := prove(tree, hashes, n, leaves[n]); err != nil {
			return 0, err
		}
		proved++
	}
	return proved + 1, prove(tree, hashes, tree.N-1, leaves[tree.N-1])
}

func prove(tree tlog.Tree, hashes tlog.HashReader, n int64, leaf tlog.Hash) error {
	proof, err := tlog.ProveRecord(tree.N, n, hashes)
	if err != nil {
		return fmt.Errorf("entry %d: %w", n, err)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf)
}

func checkOlder(tree tlog.Tree, hashes tlog.HashReader, given options) (int64, error) {
	if given.older == "" {
		return 0, nil
	}
	text, err := os.ReadFile(given.older)
	if err != nil {
		return 0, err
	}
	older, err := openCheckpoint(text, given.vkey)
	if err != nil {
		return 0, fmt.Errorf("the older checkpoint: %w", err)
	}
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	if err != nil {
		return 0, err
	}
	return older.N, tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
}

type head struct {
	tlog.Tree
	origin string
}

func openCheckpoint(text []byte, vkey string) (*head, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return nil, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 1 {
		return nil, errors.New("not the size of a tree: " + lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return nil, err
	}
	return &head{tlog.Tree{N: size, Hash: root}, lines[0]}, nil
}
