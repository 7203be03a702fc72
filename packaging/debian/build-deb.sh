#!/bin/sh
# Builds a Debian package from the packed hub, with dpkg-deb alone. It brings its own Node, because Debian's is too old.
#
#   npm ci && npm pack
#   packaging/debian/build-deb.sh device-hub-0.1.0.tgz           → device-hub_0.1.0_amd64.deb in this folder
#
# Variables: NODE (the Node it brings; that of the checkout), DEB_VERSION (that of the package), DEB_COMPRESS (xz, gzip or none).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# = 1 ] && [ -f "$1" ] || { echo "usage: $0 device-hub-VERSION.tgz" >&2; exit 2; }
tgz=$(realpath "$1")
out=$(pwd)
node=${NODE:-$root/node_modules/node/bin/node}
[ -x "$node" ] || { echo "$node is no program: run npm ci, or set NODE to a Node 24 or newer" >&2; exit 1; }
arch=$(dpkg --print-architecture)
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
umask 022
# mktemp lets nobody else in; in the package this folder is /.
chmod 755 "$staging"

lib=$staging/usr/lib/device-hub
mkdir -p "$lib" "$staging/DEBIAN" "$staging/usr/bin" "$staging/usr/share/doc/device-hub"
echo 'installing the packages of the hub …' >&2
echo '{ "private": true }' > "$lib/package.json"
npm install --prefix "$lib" --omit=dev --prefer-offline --no-audit --no-fund --ignore-scripts --silent "$tgz"
rm -f "$lib/package.json" "$lib/package-lock.json" "$lib/node_modules/.package-lock.json"
install -m 755 "$node" "$lib/node"
hub=$lib/node_modules/device-hub
version=${DEB_VERSION:-$("$node" -p "require('$hub/package.json').version")}

for name in device-hub:hub device-hub-sim:device-sim; do
  cat > "$staging/usr/bin/${name%:*}" <<END
#!/bin/sh
exec /usr/lib/device-hub/node /usr/lib/device-hub/node_modules/device-hub/dist/${name#*:}/main.js "\$@"
END
  chmod 755 "$staging/usr/bin/${name%:*}"
done

unit=$staging/lib/systemd/system/device-hub.service
install -D -m 644 "$hub/packaging/device-hub.service" "$unit"
sed -i 's|/usr/local/bin/device-hub|/usr/bin/device-hub|' "$unit"
install -D -m 600 "$here/hub.env" "$staging/etc/device-hub/hub.env"
install -D -m 644 "$hub/packaging/mosquitto/acl" "$staging/usr/share/device-hub/mosquitto-acl"
completion() { "$node" "$hub/dist/hub/main.js" completion "$1"; }
mkdir -p "$staging/usr/share/bash-completion/completions" "$staging/usr/share/zsh/vendor-completions" \
  "$staging/usr/share/fish/vendor_completions.d"
completion bash > "$staging/usr/share/bash-completion/completions/device-hub"
completion zsh > "$staging/usr/share/zsh/vendor-completions/_device-hub"
completion fish > "$staging/usr/share/fish/vendor_completions.d/device-hub.fish"
cp "$hub/LICENSE" "$staging/usr/share/doc/device-hub/copyright"
"$node" "$root/packaging/licenses.ts" "$lib/node_modules" > "$staging/usr/share/doc/device-hub/licenses.txt"

cat > "$staging/DEBIAN/control" <<END
Package: device-hub
Version: $version
Architecture: $arch
Maintainer: Device hub <device-hub@localhost>
Section: net
Priority: optional
Installed-Size: $(du -sk "$staging/usr" | cut -f1)
Depends: libc6, passwd
Suggests: mosquitto, influxdb, postgresql
Description: hub between devices and operators: telemetry in, commands out
 Devices open a WebSocket and send readings, which are checked, stored and
 acked. Operators send commands over MQTT, HTTP, the command line or a web
 console, and each one ends in one final status.
END
echo /etc/device-hub/hub.env > "$staging/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$staging/DEBIAN/$script"; done

file=$out/device-hub_${version}_$arch.deb
echo "packing $(du -sh "$staging" | cut -f1) …" >&2
dpkg-deb --root-owner-group "-Z${DEB_COMPRESS:-xz}" --build "$staging" "$file" >&2
echo "$file"
