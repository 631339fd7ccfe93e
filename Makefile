# SPDX-License-Identifier: BSD-3-Clause
#
# A thin front to meson, ninja and tools/*. `make` needs the packages that
# tools/lib.sh names in BUILD_PACKAGES; the other targets install their own.
#
#	make              build in ./build
#	make demo         see it balance, in network namespaces (root)
#	make check        every test (root)
#	make bench        measure against testpmd (root)
#	make lint         form, rules, hot path
#	make install      to the prefix meson was set up with; DESTDIR= as usual
#	make clean        remove what was built
#
# BUILD=directory builds elsewhere, for all targets.

BUILD ?= build
export SLUICE_BUILD = $(abspath $(BUILD))

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD)

demo check bench lint:
	tools/$@

install: all
	meson install -C $(BUILD) --no-rebuild

clean:
	for dir in $(BUILD) $(BUILD)-asan; do test ! -e $$dir/build.ninja || rm -rf $$dir; done

.PHONY: all demo check bench lint install clean
