# shellcheck shell=bash
# SPDX-License-Identifier: BSD-3-Clause
#
# What tools/* share. Sourced, never run:
#
#	#!/usr/bin/env bash
#	set -euo pipefail
#	. "$(dirname "$0")/lib.sh"
#
#	need_packages "${BUILD_PACKAGES[@]}" nginx-light curl
#	need_build
#
# It sets SLUICE_ROOT (the top of the source tree), leaves the working
# directory, traps and shell options alone, and starts nothing.

SLUICE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# What it takes to compile Sluice and its unit tests.
# shellcheck disable=SC2034 # for those who source this
BUILD_PACKAGES=(gcc libc6-dev pkgconf meson ninja-build libdpdk-dev libnuma-dev libpcap-dev
	libevent-dev libjansson-dev libmnl-dev libssl-dev libpcre2-dev libsystemd-dev uthash-dev libcmocka-dev)

# Daemons that Debian starts, now and at every boot, when their package arrives.
# Tests run their own copies: a freshly installed one must do neither.
LIB_UNWANTED_UNITS=(nginx dnsmasq haproxy keepalived bird)

# One line for the person who runs the tool.
say()
{
	printf '%s: %s\n' "${0##*/}" "$*"
}

# The same on standard error, and the end.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root()
{
	[ "$(id -u)" -eq 0 ] || die "needs root: sudo $0"
}

lib_is_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages NAME...: installs those Debian packages that are missing.
# Without root it says what to install and ends; what is installed costs nothing.
need_packages()
{
	local missing=() name

	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian system; going on as if these were installed: $*"
		return 0
	fi
	for name in "$@"; do
		lib_is_installed "$name" || missing+=("$name")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] ||
		die "missing packages; run as root: apt-get install --no-install-recommends ${missing[*]}"
	say "installing ${missing[*]}"
	lib_apt_install "${missing[@]}" || die "could not install ${missing[*]}"
	for name in "${missing[@]}"; do
		lib_is_installed "$name" || die "package $name is still missing after its installation"
	done
}

# In a subshell, so that its trap and its exit are its own.
lib_apt_install()
(
	export DEBIAN_FRONTEND=noninteractive
	policy=/usr/sbin/policy-rc.d log=$(mktemp) ours='' present=()

	trap 'rm -f "$log" ${ours:+"$policy"}' EXIT
	trap 'exit 130' INT TERM
	for unit in "${LIB_UNWANTED_UNITS[@]}"; do
		[ -e "/lib/systemd/system/$unit.service" ] && present+=("$unit")
	done
	# invoke-rc.d asks this program whether it may start a daemon; 101 is no.
	if [ ! -e "$policy" ]; then
		ours=yes
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	if ! { lib_apt_update && apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; } \
		>"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		exit 1
	fi
	[ -d /run/systemd/system ] || exit 0
	for unit in "${LIB_UNWANTED_UNITS[@]}"; do
		case " ${present[*]} " in
		*" $unit "*) ;;
		*) systemctl disable --now "$unit.service" >/dev/null 2>&1 || true ;;
		esac
	done
)

# Once an hour is enough, whoever did it.
lib_apt_update()
{
	local stamp=/var/lib/apt/lists/.sluice-updated

	if [ -z "$(find "$stamp" -mmin -60 2>/dev/null)" ]; then
		apt-get -o DPkg::Lock::Timeout=300 update && touch "$stamp"
	fi
}

# need_build [DIRECTORY [MESON-OPTION...]]: sets the build directory up when it
# is missing (default: build, at the top) and brings it up to date.
need_build()
{
	local dir=${1:-$SLUICE_ROOT/build} log

	[ $# -eq 0 ] || shift
	log=$(mktemp)
	if [ ! -e "$dir/build.ninja" ]; then
		say "building in $dir"
		lib_logged "$log" meson setup "$dir" "$SLUICE_ROOT" "$@" || die "meson setup $dir failed"
	fi
	lib_logged "$log" ninja -C "$dir" || die "the build in $dir failed"
	rm -f "$log"
}

# lib_logged LOG COMMAND...: shows what the command said only if it fails.
lib_logged()
{
	local log=$1

	shift
	"$@" >"$log" 2>&1 </dev/null && return 0
	tail -n 60 "$log" >&2
	rm -f "$log"
	return 1
}
