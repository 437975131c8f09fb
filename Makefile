# Everything is made from a Python with venv and pip; see CONTRIBUTING.md.
PYTHON ?= python3
PYTEST_ARGS ?=
BIN = .venv/bin

.PHONY: demo test bench lint clean

demo: .venv/ready .conda-root/ready
	$(BIN)/python tests/demo.py

test: .venv/ready .conda-root/ready
	$(BIN)/python -m pytest $(PYTEST_ARGS)

bench: .venv/ready .conda-root/ready
	$(BIN)/python benchmarks/conda_commands.py

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# What the tests need.
.venv/ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@

# A real conda, from PyPI.
.conda-root/ready: tests/conda_root.py
	$(PYTHON) tests/conda_root.py .conda-root
	touch $@

clean:
	rm -rf .venv .conda-root build dist
