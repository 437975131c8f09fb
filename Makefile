# Everything needs only a Python with venv and pip; see CONTRIBUTING.md.
PYTHON ?= python3
PYTEST_ARGS ?=
BENCH_ARGS ?=
ENGINE ?= duckdb
BIN = .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: demo demo-report test test-report faults coverage unit real-conda windows bench lint build \
	package clean

demo: .venv/ready .conda-root/ready
	$(BIN)/python tests/demo.py

# A log of real activations and simulated weeks, and the report's tables. ENGINE can be pyspark.
demo-report: .venv/report .conda-root/ready
	$(BIN)/python report/tests/demo.py $(ENGINE)

test: .venv/ready .conda-root/ready
	$(BIN)/python $(MEASURED) -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

# The report's types and tests. `lint` checks its style, but does not have what its types need.
test-report: .venv/report .conda-root/ready
	cd report && ../$(BIN)/mypy
	cd report && ../$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

# Faults of disks, networks and machines, and 1,000 concurrent activations. Without root, some
# tests are skipped.
faults: .venv/faults .conda-root/ready
	$(BIN)/python $(MEASURED) -m pytest tests/faults $(PYTEST_ARGS)

# Run `test` and `faults`, and report the coverage. Processes of other users write data, too.
coverage: .venv/faults .conda-root/ready
	data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && chmod 1777 "$$data" && \
	COVERAGE_FILE=$$data/.coverage $(MAKE) test faults MEASURED='-m coverage run' && \
	$(BIN)/python -m coverage combine --quiet "$$data" && \
	$(BIN)/python -m coverage report

# The unit tests with the wheel, on each installed Python from 3.9 to 3.13.
unit: build
	$(BIN)/python -m nox --session unit -- $(PYTEST_ARGS)

# A heartbeat from every shell of this machine, with the conda installation in CONDA.
real-conda: .venv/ready
	AAU_TEST_CHANNEL=conda-forge \
	$(BIN)/python -m pytest tests/package/test_given_conda.py -rs "--conda-root=$(CONDA)"

# What differs on Windows, in the shells that it has.
windows: .venv/ready
	$(BIN)/python -m pytest -n auto --dist loadgroup tests/unit tests/shells/test_cmd.py \
	tests/shells/test_windows_powershell.py $(PYTEST_ARGS)

bench: .venv/ready .conda-root/ready
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

# Style, types and spelling, and no more than 5,000 lines in the package.
lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --platform linux
	$(BIN)/mypy --platform darwin
	$(BIN)/mypy --platform win32
	$(BIN)/codespell
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --offline --no-progress --quiet .github/workflows
	test $$(git ls-files 'anaconda_anon_usage/*.py' | xargs cat | wc -l) -le 5000

# The wheel and the sdist, in dist/.
build: .venv/ready
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m twine check --strict dist/*

# The conda package, in dist/conda/.
package: .venv/ready
	$(BIN)/python recipe/build.py dist/conda conda-forge

# The virtual environment for the tests.
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	$(BIN)/python -m pip install --quiet --no-deps --upgrade --target .venv/oldest anaconda-auth==0.8.0
	touch $@

.venv/faults: .venv/ready
	$(BIN)/python -m pip install --quiet --editable '.[faults]'
	touch $@

.venv/report: .venv/ready report/pyproject.toml
	$(BIN)/python -m pip install --quiet --editable 'report[test]'
	touch $@

# A real conda, from PyPI.
.conda-root/ready: tests/conda_root.py
	$(PYTHON) tests/conda_root.py .conda-root
	touch $@

clean:
	rm -rf .venv .nox .conda-root build dist
