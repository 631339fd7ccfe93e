# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
#
# Completion of sluicectl's command line for bash. What may follow is asked of
# `sluicectl complete WORD ...`, so nothing of it is written down here.

_sluicectl() {
	local i cur before choice
	local -a pieces=() words=() socket=()

	# An address is one word, whatever its colons: split at blanks, not as readline does.
	read -r -a pieces <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && pieces+=("")
	cur=${pieces[${#pieces[@]} - 1]}
	before=${pieces[${#pieces[@]} - 2]}
	for ((i = 1; i < ${#pieces[@]} - 1; i++)); do
		case ${pieces[i]} in
		-s | --socket) socket=(-s "${pieces[++i]}") ;;
		-t | --timeout | --watch) i=$((i + 1)) ;;
		-*) ;;
		*) words+=("${pieces[i]}") ;;
		esac
	done
	case $before:$cur in
	-s:* | --socket:*)
		choice=@file
		;;
	-t:* | --timeout:* | --watch:*)
		return
		;;
	*:-*)
		choice="-s -j -t -h -V --socket --json --timeout --help --version --rate --watch --all --force"
		;;
	*)
		[[ ${words[0]-} == help ]] && words=("${words[@]:1}")
		choice=$("${COMP_WORDS[0]}" "${socket[@]}" complete "${words[@]}" 2>/dev/null)
		;;
	esac
	if [[ $choice == @file ]]; then
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -W "$choice" -- "$cur")
	fi
	# Readline takes what stands behind the last colon for the word: leave out what is before it.
	if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*:}"}"}")
	fi
}

complete -F _sluicectl sluicectl
