"""Small faults that the suite must catch: mistakes a programmer makes and a reviewer may miss."""

import pathlib
from typing import NamedTuple


class Fault(NamedTuple):
    """One replacement in one file, after which the package still imports and does something wrong.

    Attributes:
      file: path from the checkout's root.
      old: text that is there exactly once.
      new: what takes its place.
      what: the fault in a few words; no two have the same.
    """

    file: str
    old: str
    new: str
    what: str

    def count(self, root: pathlib.Path) -> int:
        """How often the old text is in its file in a checkout: 0 if the file is gone."""
        path = root / self.file
        return path.read_text().count(self.old) if path.exists() else 0

    def apply(self, copy: pathlib.Path) -> None:
        """Puts the fault into a copy of the checkout, beside others that may be there."""
        path = copy / self.file
        path.write_text(path.read_text().replace(self.old, self.new))

    def undo(self, root: pathlib.Path, copy: pathlib.Path) -> None:
        """Gives the copy the file as it is in the checkout."""
        (copy / self.file).write_bytes((root / self.file).read_bytes())


FAULTS = (
    # tf_simclr/
    Fault(
        "tf_simclr/assembly/build.py",
        "jit_compile=config.training.jit_compile and not config.run.use_tpu",
        "jit_compile=config.training.jit_compile",
        "a step for a TPU is compiled twice over",
    ),
    Fault(
        "tf_simclr/assembly/build.py",
        "learning_rate, weight_decay=optimization.weight_decay, exclude=roles.outside_lars()",
        "learning_rate, weight_decay=optimization.weight_decay, exclude=()",
        "LAMB decays batch norms and biases",
    ),
    Fault(
        "tf_simclr/assembly/build_data.py",
        "start_step=start_step,",
        "start_step=0,",
        "a run that goes on reads its data from the beginning",
    ),
    Fault(
        "tf_simclr/config/__init__.py",
        'return "device" if self.run.use_tpu else "host"',
        'return "host"',
        "views for a TPU are made by its host",
    ),
    Fault(
        "tf_simclr/config/__init__.py",
        "if values[f.name] != f.default}",
        "if values[f.name] is not f.default}",
        "settings at their default are told as changed",
    ),
    Fault(
        "tf_simclr/methods/simclr.py",
        "num_classes=lesson.num_classes if self.has_classifier(config) else 0,",
        "num_classes=lesson.num_classes,",
        "the linear head stays where it was switched off",
    ),
    Fault(
        "tf_simclr/methods/simclr.py",
        "decay=config.model.ema_decay,",
        "decay=config.model.batch_norm_decay,",
        "the averaged network follows at the decay of batch norm",
    ),
    Fault(
        "tf_simclr/methods/__init__.py",
        'labels_alone=method_of(config).labels(config) == "all"',
        "labels_alone=method_of(config).classifies",
        "a student loses the pictures without labels",
    ),
    Fault(
        "tf_simclr/assembly/build_data.py",
        "return tf.concat(pair, axis=0)",
        "return tf.concat(pair[::-1], axis=0)",
        "second views come before the first ones",
    ),
    Fault(
        "tf_simclr/workdir/callbacks.py",
        "        self._checkpoints.save(self._watch.step)\n",
        "",
        "a signal stops the run without saving it",
    ),
    Fault(
        "tf_simclr/workdir/callbacks.py",
        " and number != signal.SIGHUP",
        "",
        "a terminal that says twice that it is closed loses the step",
    ),
    Fault(
        "tf_simclr/stopping.py",
        "signal.signal(number, was)",
        "signal.signal(number, signal.SIG_DFL)",
        "signals do not go back to whoever had them before training",
    ),
    Fault(
        "tf_simclr/pretrained/checkpoint_contents.py",
        "if number not in slots and not attribute",
        "if not attribute",
        "slots of an optimiser are taken for weights",
    ),
    Fault(
        "tf_simclr/workdir/checkpoints.py",
        "return sorted(prefixes, key=step_of)",
        "return sorted(prefixes)",
        "checkpoints are sorted as text, 1000 before 200",
    ),
    Fault(
        "tf_simclr/workdir/checkpoints.py",
        "return tf.reduce_all([True, ",
        "return tf.reduce_any([True, ",
        "weights that are not finite are saved if others are",
    ),
    Fault(
        "tf_simclr/cli.py",
        '("output",) if config.run.mode == "export" else ()',
        "()",
        "an export goes where TensorFlow cannot read it again",
    ),
    Fault(
        "tf_simclr/cli.py",
        "if flag_values[field.name].present}",
        "if flag_values[field.name].value is not None}",
        "flags at their default count as given",
    ),
    Fault(
        "tf_simclr/methods/going_on.py",
        'if kinds != {"nonlinear"}:',
        'if kinds == {"none"}:',
        "idle layers of a linear head keep a run from going on",
    ),
    Fault(
        "tf_simclr/methods/going_on.py",
        '["optimizer", *method_of(theirs).state_flags]',
        "[*method_of(theirs).state_flags]",
        "a run goes on with another optimiser",
    ),
    Fault(
        "tf_simclr/config/fields.py",
        "isinstance(value, KINDS[kind]) and (kind is bool or not isinstance(value, bool))",
        "isinstance(value, KINDS[kind])",
        "true passes for the number 1 in settings",
    ),
    Fault(
        "tf_simclr/config/labels.py",
        'return text if ways[0] == "label_list" else f"{text}, seed={seed}"',
        "return text",
        "labels drawn from another seed go by the same words",
    ),
    Fault(
        "tf_simclr/config/labels.py",
        'require(0 < fraction <= 1, "label_fraction"',
        'require(0 <= fraction <= 1, "label_fraction"',
        "a share of no labels at all is accepted",
    ),
    Fault(
        "tf_simclr/config/optimization.py",
        "weight_decay: float = flag(1e-6,",
        "weight_decay: float = flag(1e-4,",
        "the default weight decay is a hundred times the original's",
    ),
    Fault(
        "tf_simclr/config/optimization.py",
        "require(0 <= self.momentum < 1,",
        "require(0 <= self.momentum <= 1,",
        "a momentum of 1 is accepted",
    ),
    # tf_simclr/data/augment/
    Fault(
        "tf_simclr/data/augment/blur.py",
        "tf.where(distances <= radius, weights, 0.0)",
        "tf.where(distances < radius, weights, 0.0)",
        "the blur's kernel ends one pixel early",
    ),
    Fault(
        "tf_simclr/data/augment/blur.py",
        "batch if sigma_per_image else 1",
        "1 if sigma_per_image else batch",
        "the two ways to draw sigma change places",
    ),
    Fault(
        "tf_simclr/data/augment/choose.py",
        "enumerate(others, start=1)",
        "enumerate(others)",
        "among many pictures each outcome is chosen by the number before",
    ),
    Fault(
        "tf_simclr/data/augment/color.py",
        "tf.reduce_mean(plane, axis=-1, keepdims=True)",
        "tf.reduce_mean(plane, axis=0, keepdims=True)",
        "contrast is about the mean of the batch, not of the picture",
    ),
    Fault(
        "tf_simclr/data/augment/color.py",
        "jitter_order(draws[:, 4:])",
        "jitter_order(draws[:, :4])",
        "the order of colour operations comes from the draws of their factors",
    ),
    Fault(
        "tf_simclr/data/augment/crop.py",
        "begin = (shape[:2] - size + 1) // 2",
        "begin = (shape[:2] - size) // 2",
        "the centre crop lies one pixel too far up where there is no middle",
    ),
    Fault(
        "tf_simclr/data/augment/crop.py",
        "tf.reverse(images, axis=[2])",
        "tf.reverse(images, axis=[1])",
        "flips turn pictures upside down",
    ),
    Fault(
        "tf_simclr/data/augment/cutout.py",
        "(offsets >= -half) & (offsets < half)",
        "(offsets >= -half) & (offsets <= half)",
        "the square that is cut out has an odd side",
    ),
    Fault(
        "tf_simclr/data/augment/policies.py",
        "tf.random.stateless_uniform([1], _seeds(seed)[1])",
        "tf.random.stateless_uniform([1], _seeds(seed)[0])",
        "a fine-tuning view is flipped by the seed of its window",
    ),
    Fault(
        "tf_simclr/data/augment/rotation.py",
        "tf.image.rot90(images, turns)",
        "tf.image.rot90(images, -turns)",
        "pictures turn clockwise",
    ),
    Fault(
        "tf_simclr/data/augment/views.py",
        "seeds = tf.unstack(tf.random.split(seed, PAIR))",
        "seeds = [seed] * PAIR",
        "both views show the same window",
    ),
    Fault(
        "tf_simclr/data/augment/views.py",
        "jit_compile=host_xla.compiles(),",
        "jit_compile=True,",
        "views are compiled for a host that XLA does not know",
    ),
    Fault(
        "tf_simclr/data/augment/views.py",
        "random_flip(crops / LEVELS, flip[:, 0])",
        "random_flip(crops / LEVELS, extra[:, 0])",
        "the flip and the extra operation share a draw",
    ),
    # tf_simclr/data/
    Fault(
        "tf_simclr/data/decoding.py",
        "end = tf.minimum(end + _CHROMA_REACH, shape)",
        "end = tf.minimum(end, shape)",
        "colours at the far border of a JPEG window are off",
    ),
    Fault(
        "tf_simclr/data/decoding.py",
        "mirrored = is_one_of(2, 3, 6, 7)",
        "mirrored = is_one_of(2, 3, 5, 8)",
        "pictures of a lying camera are turned the wrong way",
    ),
    # tf_simclr/data/emoji32/
    Fault(
        "tf_simclr/data/emoji32/builder.py",
        ("image = next(images)\n                if emoji.split == split:\n"),
        ("if emoji.split == split:\n                    image = next(images)\n"),
        "emoji get the drawings of others",
    ),
    Fault(
        "tf_simclr/data/emoji32/catalogue.py",
        '!= list(VENDORS) or content["classes"]',
        '!= list(VENDORS) and content["classes"]',
        "a catalogue of other classes passes if the vendors are the same",
    ),
    Fault(
        "tf_simclr/data/emoji32/classes.py",
        'if entry["subcategory"] == "animal-mammal" and entry["name"].upper()',
        'if entry["name"].upper()',
        "every emoji called a face is an animal's",
    ),
    Fault(
        "tf_simclr/data/emoji32/classes.py",
        "return UNLABELLED if name is None else",
        "return 0 if name is None else",
        "emoji of no class get the first label",
    ),
    Fault(
        "tf_simclr/data/emoji32/codec.py",
        "if len(raw) != count * SIZE * SIZE * 3:",
        "if len(raw) < count * SIZE * SIZE * 3:",
        "a data file of too many pictures is not told",
    ),
    Fault(
        "tf_simclr/data/emoji32/make_data.py",
        "if len(drawn) >= FEWEST_VENDORS",
        "if len(drawn) > FEWEST_VENDORS",
        "emoji of two vendors are left out",
    ),
    Fault(
        "tf_simclr/data/emoji32/make_data.py",
        'split="test" if index in test else "train",',
        'split="train" if index in test else "test",',
        "the splits of emoji32 change places",
    ),
    Fault(
        "tf_simclr/data/emoji32/packages.py",
        'entries.sort(key=lambda entry: entry["sort_order"])',
        "entries = list(entries)",
        "emoji are not in Unicode's order",
    ),
    Fault(
        "tf_simclr/data/emoji32/packages.py",
        "if points in wanted and points not in drawings:",
        "if points in wanted:",
        "of two spellings of an emoji the last counts",
    ),
    Fault(
        "tf_simclr/data/emoji32/pictures.py",
        "((sums + unit // 2) // unit)",
        "(sums // unit)",
        "shrunk emoji are rounded down",
    ),
    Fault(
        "tf_simclr/data/emoji32/split.py",
        "mirrored = images[:, :, ::-1]",
        "mirrored = images[:, ::-1]",
        "drawings are compared upside down instead of mirrored",
    ),
    Fault(
        "tf_simclr/data/emoji32/split.py",
        "if size <= min(room, LARGEST_TEST_GROUP):",
        "if size < min(room, LARGEST_TEST_GROUP):",
        "a group that just fits is not tested",
    ),
    # tf_simclr/data/
    Fault(
        "tf_simclr/data/few_labels.py",
        "return ending | {name: {name} for name in whole}",
        "return ending | {name: {name} | ending[name] for name in whole}",
        "a whole name is unclear where another ends so",
    ),
    Fault(
        "tf_simclr/data/few_labels.py",
        "list(dict.fromkeys(names_in(text)))",
        "names_in(text)",
        "a name that is listed twice counts twice",
    ),
    Fault(
        "tf_simclr/data/name_lists.py",
        'split("\\n")',
        "splitlines()",
        "a line separator in a file's name ends the name",
    ),
    Fault(
        "tf_simclr/data/name_lists.py",
        "text.removeprefix(_BYTE_ORDER_MARK)",
        "text",
        "a byte order mark becomes part of the first name",
    ),
    Fault(
        "tf_simclr/data/folder_layout.py",
        "if len(names) > 1)))",
        "if names)))",
        "a single folder of pictures is a class",
    ),
    Fault(
        "tf_simclr/data/folder_layout.py",
        "labelled = folders[split] <= set(classes)",
        "labelled = len(folders[split]) > 1",
        "a split with one class folder loses its label",
    ),
    Fault(
        "tf_simclr/data/folder_listing.py",
        "return path.lower().endswith(IMAGE_SUFFIXES)",
        "return path.endswith(IMAGE_SUFFIXES)",
        "a damaged picture with a suffix in capitals is not told as one",
    ),
    Fault(
        "tf_simclr/data/folder_listing.py",
        "if buckets.is_remote(path) and is_named_as_picture(entry):",
        "if is_named_as_picture(entry):",
        "a folder called x.jpg is taken for a picture",
    ),
    Fault(
        "tf_simclr/data/image_folder.py",
        "sorted(labels, key=_hash)",
        "sorted(labels)",
        "slices of a folder do not mix the classes",
    ),
    Fault(
        "tf_simclr/data/image_folder.py",
        "if len(bad) > limit * total or",
        "if len(bad) >= limit * total or",
        "as many unreadable pictures as are allowed are too many",
    ),
    Fault(
        "tf_simclr/data/examination.py",
        "if of_storage(error):",
        "if False:",
        "a picture that the storage refuses is called unreadable",
    ),
    Fault(
        "tf_simclr/data/examination.py",
        "path in kept and kept[path][0] == stamps[path]",
        "path in kept",
        "a picture in a bucket that was damaged since is not looked at",
    ),
    Fault(
        "tf_simclr/data/image_folder.py",
        "decoding.decode_picture if self.by_python else decoding.decode_jpeg_or_png",
        "decoding.decode_picture",
        "other hosts of a slice are to call Python for a folder of JPEGs",
    ),
    Fault(
        "tf_simclr/data/kept_findings.py",
        'if told["read_by"] != _read_by():',
        'if "read_by" not in told:',
        "what another decoder could read is believed",
    ),
    Fault(
        "tf_simclr/data/kept_findings.py",
        "    for folder in folders:\n        try:\n            # An",
        "    for folder in folders[:1]:\n        try:\n            # An",
        "pictures in a bucket that may only be read are decoded at every start",
    ),
    Fault(
        "tf_simclr/data/labelled_subset.py",
        "np.unique(labels[labels != UNLABELLED])",
        "np.unique(labels)",
        "pictures without a label are asked for their class",
    ),
    Fault(
        "tf_simclr/data/labelled_subset.py",
        "return self.source.share_at(split, chosen[places])",
        "return self.source.share_at(split, places)",
        "training on few labels reads pictures whose labels were not chosen",
    ),
    Fault(
        "tf_simclr/data/order.py",
        "stop = tf.concat([part, part[:1]], axis=0), tf.concat([stop, entry], axis=0)",
        "stop = tf.concat([part, part[:1]], axis=0), tf.concat([stop, stop[:1]], axis=0)",
        "an epoch shows the file that it is entered in twice",
    ),
    Fault(
        "tf_simclr/data/order.py",
        "(size + window // 2) // window",
        "size // window",
        "windows are up to twice as large as they should be",
    ),
    Fault(
        "tf_simclr/data/order.py",
        "own = tf.random.fold_in(_drawing(seed, epoch, _WINDOWS), window)",
        "own = _drawing(seed, epoch, _WINDOWS)",
        "all windows of an epoch are shuffled alike",
    ),
    Fault(
        "tf_simclr/data/pipeline.py",
        "lambda number: number * pipelines + context.input_pipeline_id",
        "lambda number: number",
        "pictures of several pipelines share seeds",
    ),
    Fault(
        "tf_simclr/data/pipeline.py",
        'lambda record: record["label"] >= 0',
        'lambda record: record["label"] > 0',
        "the first class counts as unlabelled in evaluation",
    ),
    Fault(
        "tf_simclr/data/shares.py",
        "numbers = tf.data.Dataset.range(stretch.window + before, tf.int64.max)",
        "numbers = tf.data.Dataset.range(stretch.window, tf.int64.max)",
        "a run that goes on inside a large file shuffles its windows otherwise",
    ),
    Fault(
        "tf_simclr/data/shares.py",
        "into = tf.where(stretch.pieces == 1, begin, 0)",
        "into = tf.zeros_like(begin)",
        "what lies before a window in a large file is read to go on",
    ),
    Fault(
        "tf_simclr/data/shares.py",
        "window = max(window, int(_WINDOW_BYTES / self.record_bytes))",
        "window = min(window, int(_WINDOW_BYTES / self.record_bytes))",
        "small pictures are mixed among few",
    ),
    Fault(
        "tf_simclr/data/shares.py",
        "inside % stretch.width",
        "0 * inside",
        "a run that goes on inside a window shows the beginning of it again",
    ),
    Fault(
        "tf_simclr/data/source.py",
        "if not 0 <= shard_index < num_shards:",
        "if not 0 <= shard_index <= num_shards:",
        "a shard behind the last is accepted",
    ),
    Fault(
        "tf_simclr/data/source.py",
        "min(stop, end))",
        "max(stop, end))",
        "two slices share more pictures than the shorter one has",
    ),
    Fault(
        "tf_simclr/data/opening.py",
        "max_bad_fraction=max_bad_fraction, report=report, kept_in",
        "max_bad_fraction=0.01, report=report, kept_in",
        "the share of bad pictures that was asked for is not heard",
    ),
    Fault(
        "tf_simclr/data/split_folders.py",
        "(any(others) and _is_class(named, folders))",
        "(others and _is_class(named, folders))",
        "a picture beside the folder train makes it no split",
    ),
    Fault(
        "tf_simclr/data/split_folders.py",
        "return SPLIT_OF.get(folder.lower())",
        "return SPLIT_OF.get(folder)",
        "folders of splits in capitals are classes",
    ),
    Fault(
        "tf_simclr/data/split_slices.py",
        "return name, start, max(start, stop)",
        "return name, start, stop",
        "a slice that ends before it starts has less than no examples",
    ),
    Fault(
        "tf_simclr/data/tfds_builder.py",
        ("was quicker.\n            return make()"),
        ("was quicker.\n            return builder"),
        "data that another process prepared is not looked at again",
    ),
    Fault(
        "tf_simclr/data/tfds_builder.py",
        "if builder.MANUAL_DOWNLOAD_INSTRUCTIONS and isinstance(",
        "if builder.MANUAL_DOWNLOAD_INSTRUCTIONS or isinstance(",
        "any failure of a builder calls for a download by hand",
    ),
    Fault(
        "tf_simclr/data/tfds_source.py",
        "if start <= row < stop]",
        "if start < row < stop]",
        "the first picture of a file is not found by its name",
    ),
    Fault(
        "tf_simclr/data/tfds_source.py",
        "parts.append(example[self.file_name])",
        "parts.insert(0, example[self.file_name])",
        "a picture's name does not end in that of its file",
    ),
    Fault(
        "tf_simclr/data/tfds_source.py",
        'identifying={"identity": "emoji", "group": "vendor"}',
        'identifying={"identity": "vendor", "group": "emoji"}',
        "retrieval looks for the vendor and not for the emoji",
    ),
    # tf_simclr/evaluation/
    Fault(
        "tf_simclr/evaluation/confusion.py",
        "np.bincount(labels * classes + predictions,",
        "np.bincount(predictions * classes + labels,",
        "the confusion matrix is transposed",
    ),
    Fault(
        "tf_simclr/evaluation/confusion.py",
        "np.lexsort((-counts / shown[labels], -counts))",
        "np.lexsort((-counts, -counts / shown[labels]))",
        "confusions are sorted by their share first",
    ),
    Fault(
        "tf_simclr/evaluation/feature_file.py",
        "self._rows += len(values)",
        "self._rows = len(values)",
        "a table of features claims the rows of its last batch",
    ),
    Fault(
        "tf_simclr/evaluation/feature_file.py",
        "self._longest = max(self._longest, len(text.decode()))",
        "self._longest = len(text.decode())",
        "names are cut to the length of the last one",
    ),
    Fault(
        "tf_simclr/evaluation/features.py",
        "Features(np.concatenate(parts)[:limit], *beside)",
        "Features(np.concatenate(parts), *beside)",
        "features of a whole batch pass beyond the limit",
    ),
    Fault(
        "tf_simclr/evaluation/knn.py",
        "k=min(k, len(train_features))",
        "k=k",
        "fewer training rows than neighbours are an error",
    ),
    Fault(
        "tf_simclr/evaluation/layout.py",
        "return np.where(extent > 0, filled, 0.5).astype(np.float32)",
        "return filled.astype(np.float32)",
        "an axis of the map without extent lies at the border",
    ),
    Fault(
        "tf_simclr/evaluation/linear_probe.py",
        "scores = _scores(classifier, (judged - mean) / scale)",
        "scores = _scores(classifier, (judged - judged.mean(axis=0)) / scale)",
        "test rows are centred by their own mean",
    ),
    Fault(
        "tf_simclr/evaluation/linear_probe.py",
        "features[~held_out], labels[~held_out], strength",
        "features, labels, strength",
        "the regularisation is chosen on rows that were fitted",
    ),
    Fault(
        "tf_simclr/evaluation/neighbours.py",
        "np.argsort(-values, axis=1, ",
        "np.argsort(values, axis=1, ",
        "the nearest neighbour comes last",
    ),
    Fault(
        "tf_simclr/evaluation/over_replicas.py",
        "for part in parts])[:rows]",
        "for part in parts])",
        "pictures of zeros that fill up a batch are judged, too",
    ),
    Fault(
        "tf_simclr/evaluation/over_replicas.py",
        "share = max(share, -(-rows // replicas))",
        "share = -(-rows // replicas)",
        "the last batch of an evaluation is traced and compiled for itself",
    ),
    Fault(
        "tf_simclr/evaluation/retrieval.py",
        "if not 1 <= k <= smallest:",
        "if not 1 <= k < smallest:",
        "the whole gallery may not be asked for",
    ),
    Fault(
        "tf_simclr/evaluation/retrieval.py",
        "np.bincount(pairs[0])[identity] > 1",
        "np.bincount(identity)[identity] > 1",
        "a thing shown twice by one group counts as answerable",
    ),
    Fault(
        "tf_simclr/evaluation/tables.py",
        "(~np.isfinite(table)).any(axis=1)",
        "np.isnan(table).any(axis=1)",
        "infinite features are judged",
    ),
    Fault(
        "tf_simclr/evaluation/tables.py",
        "kept = labels >= 0",
        "kept = labels > 0",
        "judges take the first class for unlabelled",
    ),
    # tf_simclr/exporting/
    Fault(
        "tf_simclr/exporting/atomic.py",
        ("        _bring_back(place, aside)\n        for left in"),
        "        for left in",
        "what a killed process left aside is thrown away",
    ),
    Fault(
        "tf_simclr/exporting/atomic.py",
        '    except (tf.errors.OpError, OSError) as error:\n        report(f"Note: {folder} is',
        '    except OSError as error:\n        report(f"Note: {folder} is',
        "an old export that cannot be removed fails the run",
    ),
    Fault(
        "tf_simclr/exporting/card.py",
        'tf.io.gfile.rename(path + ".tmp", path, overwrite=True)',
        'tf.io.gfile.copy(path + ".tmp", path, overwrite=True)',
        "temporary files of a model card are exported",
    ),
    Fault(
        "tf_simclr/exporting/card.py",
        'f"{100 * value:.1f} %"',
        'f"{value:.1f} %"',
        "a card gives shares for percentages",
    ),
    Fault(
        "tf_simclr/exporting/format.py",
        "except ImportError as error:",
        "except ModuleNotFoundError as error:",
        "an extra that is there and cannot be imported is a bug",
    ),
    Fault(
        "tf_simclr/exporting/format.py",
        'f" and logits [batch, {card.classes}]" if card.classes else ""',
        'f" and logits [batch, {card.classes}]"',
        "the card of an inference-only export promises logits of no classes",
    ),
    Fault(
        "tf_simclr/exporting/hub_module.py",
        "return head(call(images, training), training=training)[-1]",
        "return head(call(images, training), training=training)[0]",
        "project gives the representation",
    ),
    Fault(
        "tf_simclr/exporting/hub_module.py",
        'if logits or "classify" not in row[0]]',
        "if logits]",
        "the card of a module without a classifier names none of its calls",
    ),
    Fault(
        "tf_simclr/exporting/lite.py",
        "if name == INT8:",
        "if name == FLOAT:",
        "the float file is quantised and the int8 file is not",
    ),
    Fault(
        "tf_simclr/exporting/onnx.py",
        "names = (BATCH, *((HEIGHT, WIDTH) if size is None else ()))",
        "names = (BATCH, HEIGHT, WIDTH)",
        "an ONNX file of one size claims to take any",
    ),
    Fault(
        "tf_simclr/exporting/onnx.py",
        "(4, order.side, order.side, 3)",
        "(4, 32, 32, 3)",
        "an ONNX file of one size is compared on pictures of another",
    ),
    Fault(
        "tf_simclr/exporting/parity.py",
        "cosines.min()",
        "cosines.mean()",
        "an export's cosine is the mean and not the smallest",
    ),
    Fault(
        "tf_simclr/exporting/saved_model.py",
        'heads(endpoints["final_avg_pool"], trainable)',
        'heads(endpoints["final_avg_pool"])',
        "the heads of a SavedModel never train",
    ),
    Fault(
        "tf_simclr/exporting/serving.py",
        "tf.nn.softmax(logits)",
        "tf.nn.sigmoid(logits)",
        "served probabilities do not sum to 1",
    ),
    Fault(
        "tf_simclr/exporting/traced.py",
        "modes[bool(mode)](images, *options)",
        "modes[not mode](images, *options)",
        "exports train where they should infer, and infer where they should train",
    ),
    Fault(
        "tf_simclr/exporting/traced.py",
        "self.trainable_variables = [v for layer in used for v in layer.trainable_variables]",
        "self.trainable_variables = [v for layer in used for v in layer.variables]",
        "moving averages of an export train by gradient",
    ),
    Fault(
        "tf_simclr/exporting/trained_network.py",
        "norm.momentum = before",
        "pass",
        "a trace for another momentum keeps it for all later ones",
    ),
    Fault(
        "tf_simclr/exporting/trained_network.py",
        "self.projection_head.layers[: self.selector]",
        "self.projection_head.layers[: max(0, self.selector - 1)]",
        "an exported classifier skips a layer of the projection head",
    ),
    Fault(
        "tf_simclr/exporting/card.py",
        "if len(rows) < 2:",
        "if len(rows) < 1:",
        "a table without rows is written",
    ),
    Fault(
        "tf_simclr/exporting/card.py",
        "str(card.fixed_size or card.image_size)",
        "str(card.image_size)",
        "a card's code gives an export pictures of another size",
    ),
    # tf_simclr/pretrained/
    Fault(
        "tf_simclr/pretrained/google_checkpoints.py",
        'FROM_LAYER_1 = ("finetuned_1pct", "finetuned_10pct")',
        'FROM_LAYER_1 = ("finetuned_1pct", "finetuned_10pct", "finetuned_100pct")',
        "a model fine-tuned with all labels reads layer 1",
    ),
    Fault(
        "tf_simclr/pretrained/google_checkpoints.py",
        "if theirs != ours:",
        "if len(theirs) != len(ours):",
        "released weights of another width fit",
    ),
    Fault(
        "tf_simclr/pretrained/own_checkpoints.py",
        "head = (len(layers), False)",
        "head = (len(layers), True)",
        "a projection head of an own checkpoint is taken for linear",
    ),
    Fault(
        "tf_simclr/pretrained/recognition.py",
        "len(found ^ set(expected[network]))",
        "len(set(expected[network]) - found)",
        "the closest network is the one of fewest layers",
    ),
    Fault(
        "tf_simclr/pretrained/released_names.py",
        (
            "            if number == 0:\n"
            '                yield from _conv_norm(f"{block}/shortcut", "conv", "bn")\n'
            "            yield from _main_branch(block, network)"
        ),
        (
            "            yield from _main_branch(block, network)\n"
            "            if number == 0:\n"
            '                yield from _conv_norm(f"{block}/shortcut", "conv", "bn")'
        ),
        "the shortcut comes behind the main branch in released names",
    ),
    Fault(
        "tf_simclr/pretrained/released_names.py",
        'if leaf != "beta" or not final:',
        'if leaf != "beta" or final:',
        "a released head has its offset in the last norm alone",
    ),
    # tf_simclr/losses/
    Fault(
        "tf_simclr/losses/blockwise.py",
        "total=seen.total * kept + ",
        "total=seen.total + ",
        "sums of former tiles keep their former highest logit",
    ),
    Fault(
        "tf_simclr/losses/blockwise.py",
        "others = tf.roll(rows, block, axis=0)",
        "others = rows",
        "a view is pulled towards itself and not to its positive",
    ),
    Fault(
        "tf_simclr/losses/contrastive.py",
        "local = (rows or 0) // 2",
        "local = rows or 0",
        "views are counted for images when an implementation is chosen",
    ),
    Fault(
        "tf_simclr/losses/contrastive.py",
        "if local * keys >= LARGE else",
        "if local * keys > LARGE else",
        "a batch of exactly 4096 is computed whole",
    ),
    Fault(
        "tf_simclr/losses/dcl.py",
        "mask = is_positive * SELF_SIMILARITY_MASK",
        "mask = is_positive * 0.0",
        "DCL keeps the positive in the denominator",
    ),
    Fault(
        "tf_simclr/losses/distillation.py",
        "tf.stop_gradient(tf.cast(teacher_logits, logits.dtype))",
        "tf.cast(teacher_logits, logits.dtype)",
        "the teacher gets a gradient",
    ),
    Fault(
        "tf_simclr/losses/distillation.py",
        "MixedLoss((1 - alpha) * supervised + alpha * distilled,",
        "MixedLoss(alpha * supervised + (1 - alpha) * distilled,",
        "alpha weighs the labels and not the teacher",
    ),
    Fault(
        "tf_simclr/losses/nt_xent.py",
        "logits_ba = product(b, all_a, transpose_right=True)",
        "logits_ba = product(a, all_b, transpose_right=True)",
        "the logits of second views against first ones are transposed",
    ),
    Fault(
        "tf_simclr/losses/nt_xent.py",
        "from_a[:, :queries] - tf.concat([all_b, all_a], axis=0)",
        "from_a[:, :queries] - tf.concat([all_a, all_b], axis=0)",
        "first views as keys meet the normalisers of the other views",
    ),
    Fault(
        "tf_simclr/losses/products.py",
        "[xla.PrecisionConfig.HIGHEST] * 2",
        "[xla.PrecisionConfig.DEFAULT] * 2",
        "a TPU multiplies similarities in one pass of bfloat16",
    ),
    Fault(
        "tf_simclr/losses/products.py",
        "exact_product(upstream, tf.transpose(right)),",
        "exact_product(upstream, tf.transpose(2 * right)),",
        "on a TPU a product has twice the gradient for its left side",
    ),
    Fault(
        "tf_simclr/losses/supervised.py",
        "tf.reduce_mean(is_labelled(one_hot) * losses)",
        "tf.reduce_mean(losses)",
        "pictures without a label have a gradient",
    ),
    Fault(
        "tf_simclr/losses/tiles.py",
        "has_positives | filled_up,",
        "has_positives,",
        "keys that fill up the last block are negatives off the diagonal",
    ),
    Fault(
        "tf_simclr/losses/tiles.py",
        "self._filled - number * self._width)",
        "self._filled)",
        "every tile of the memory counts as filled as the first",
    ),
    Fault(
        "tf_simclr/losses/tiles.py",
        "(apart > -self.keys.block)",
        "(apart > -self.queries.block)",
        "blocks of keys that begin far before an image's own are not masked where they hold it",
    ),
    Fault(
        "tf_simclr/losses/tiles.py",
        "-(-images // count) if isinstance(images, int) else most)",
        "most)",
        "a small batch is filled up to a block",
    ),
    # tf_simclr/
    Fault(
        "tf_simclr/main.py",
        "frames[-1].filename",
        "frames[0].filename",
        "bugs are told as bad input, without a traceback",
    ),
    Fault(
        "tf_simclr/main.py",
        "evaluate(config, again=False, open_data=open_data)",
        "evaluate(config, open_data=open_data)",
        "train_then_eval evaluates what was evaluated before",
    ),
    # tf_simclr/nets/
    Fault(
        "tf_simclr/nets/blocks.py",
        "Shortcut(outputs, strides, sk_ratio > 0, norm,",
        "Shortcut(outputs, strides, False, norm,",
        "shortcuts of ResNet-D have no pool",
    ),
    Fault(
        "tf_simclr/nets/blocks.py",
        'self.bn2 = BatchNorm(name="bn2", gamma_initializer="zeros", **norm)',
        'self.bn2 = BatchNorm(name="bn2", **norm)',
        "the last norm of a basic block starts at 1",
    ),
    Fault(
        "tf_simclr/nets/simclr.py",
        "kept = (selected(layers, self.selector), layers[-1])",
        "kept = (layers[0], layers[-1])",
        "in micro-batches the linear head reads the representation whatever it is told",
    ),
    Fault(
        "tf_simclr/nets/classifier.py",
        "kept = self.selector % len(outputs)",
        "kept = self.selector",
        "selector -1 freezes the whole projection head",
    ),
    Fault(
        "tf_simclr/nets/classifier.py",
        "self._loss(self(images, training=False), one_hot)",
        "self._loss(self(images, training=True), one_hot)",
        "a classifier is evaluated by the statistics of the batch",
    ),
    Fault(
        "tf_simclr/nets/heads.py",
        "BatchNorm(center=not final,",
        "BatchNorm(center=True,",
        "the last norm of a projection head has an offset",
    ),
    Fault(
        "tf_simclr/nets/heads.py",
        "return outputs if self.final else tf.nn.relu(outputs)",
        "return tf.nn.relu(outputs)",
        "the projection ends in a ReLU",
    ),
    Fault(
        "tf_simclr/nets/layers.py",
        "across = self.synchronized and replicas.count() > 1",
        "across = replicas.count() > 1",
        "batch norm is over all replicas whatever global_bn says",
    ),
    Fault(
        "tf_simclr/nets/layers.py",
        "tf.nn.softmax(mixing, axis=0)",
        "tf.nn.softmax(mixing, axis=-1)",
        "selective kernels compete among channels and not streams",
    ),
    Fault(
        "tf_simclr/nets/memory.py",
        "average.assign(self.decay * average + (1 - self.decay) * variable)",
        "average.assign((1 - self.decay) * average + self.decay * variable)",
        "the averaged network jumps to the one that trains",
    ),
    Fault(
        "tf_simclr/nets/memory.py",
        "if average.trainable:",
        "if True:",
        "statistics of the averaged network follow the one that trains",
    ),
    Fault(
        "tf_simclr/nets/memory.py",
        "tf.VariableSynchronization.ON_READ",
        "tf.VariableSynchronization.ON_WRITE",
        "on TPUs the first replica sends the queue to each other one",
    ),
    Fault(
        "tf_simclr/nets/microbatches.py",
        "tf.reshape(tf.transpose(results, [1, 0, 2, 3]), ",
        "tf.reshape(results, ",
        "results of micro-batches mix first and second views",
    ),
    Fault(
        "tf_simclr/nets/microbatches.py",
        "variable.assign(value)",
        "pass",
        "moving averages follow each micro-batch twice",
    ),
    Fault(
        "tf_simclr/nets/microbatches.py",
        "            return tf.foldl(",
        "            return start or tf.foldl(",
        "of several micro-batches no gradient is summed",
    ),
    Fault(
        "tf_simclr/nets/resnet.py",
        "if self.trained_size and tf.executing_eagerly():",
        "if self.trained_size and not tf.executing_eagerly():",
        "pictures that an encoder was not trained for are warned of while it is traced",
    ),
    Fault(
        "tf_simclr/picture_range.py",
        "max(side, trained) < FACTOR * min(side, trained)",
        "side < FACTOR * trained",
        "of pictures that are too small nothing is said",
    ),
    Fault(
        "tf_simclr/nets/resnet.py",
        "self.stem.trainable = group < 0",
        "self.stem.trainable = group <= 0",
        "fine_tune_after_block=0 trains the stem",
    ),
    Fault(
        "tf_simclr/nets/resnet.py",
        "layer.trainable = number > group",
        "layer.trainable = number >= group",
        "the last group that is to be frozen trains",
    ),
    Fault(
        "tf_simclr/nets/simclr.py",
        "self.supervised_head(tf.stop_gradient(read))",
        "self.supervised_head(read)",
        "the encoder learns from the linear head",
    ),
    Fault(
        "tf_simclr/nets/simclr.py",
        "start = [tf.zeros_like(v) if g is None else g for v, g in zip(through, of_penalty)]",
        "start = [tf.zeros_like(v) for v in through]",
        "micro-batches lose the gradient of the penalty",
    ),
    Fault(
        "tf_simclr/nets/student.py",
        "temperature=self.temperature,",
        "temperature=1.0,",
        "a student learns at temperature 1 whatever was asked for",
    ),
    Fault(
        "tf_simclr/nets/student.py",
        "loss = mixed.loss + penalty",
        "loss = mixed.loss",
        "a student's penalty is told and not minimised",
    ),
    Fault(
        "tf_simclr/nets/timed_steps.py",
        "model._clock.waited.assign_add(",
        "model._clock.waited.assign(",
        "only the last wait for data is known",
    ),
    Fault(
        "tf_simclr/nets/timed_steps.py",
        """    thread.start()
    thread.join()
""",
        "    make()\n",
        "Keras' count of steps is on the devices, and a read of it waits for them",
    ),
    Fault(
        "tf_simclr/nets/trainable.py",
        "begun = (self.steps > 0) | ~tf.math.is_finite(loss)",
        "begun = ~tf.math.is_finite(loss)",
        "steps after one whose loss was not finite do not count",
    ),
    Fault(
        "tf_simclr/nets/trainable.py",
        "share = tf.ones_like(loss) / replicas.count()",
        "share = tf.ones_like(loss)",
        "the gradient is the sum over replicas and not the mean",
    ),
    # tf_simclr/optim/
    Fault(
        "tf_simclr/optim/decay.py",
        "return [v for v in self.classifier if v.shape.rank > 1]",
        "return list(self.classifier)",
        "the classifier's bias decays beside LARS",
    ),
    Fault(
        "tf_simclr/optim/lamb.py",
        '"exclude_from_weight_decay": self.exclude_from_weight_decay,',
        '"exclude_from_weight_decay": None,',
        "LAMB of a saved model decays what was excluded",
    ),
    Fault(
        "tf_simclr/optim/lamb.py",
        'rf"^{re.escape(',
        'rf"{re.escape(',
        "LAMB excludes variables whose names only end so",
    ),
    Fault(
        "tf_simclr/optim/lars.py",
        "weight_decay=0.0 if key in self._undecayed_keys else self.decay,",
        "weight_decay=self.decay,",
        "LARS decays what is excluded",
    ),
    Fault(
        "tf_simclr/optim/lars.py",
        '"exclude_from_layer_adaptation": sorted(self.unadapted),',
        '"exclude_from_layer_adaptation": sorted(self.undecayed),',
        "the config of LARS forgets what is not adapted",
    ),
    Fault(
        "tf_simclr/optim/schedules.py",
        'keras.saving.get_custom_objects()["WarmupCosine"] = WarmupCosine',
        'keras.saving.get_custom_objects()["Warmup"] = WarmupCosine',
        "an .h5 file with a schedule of ours does not load again",
    ),
    Fault(
        "tf_simclr/nets/saved.py",
        "inner._trainable = path not in frozen",
        "inner._trainable = True",
        "what was frozen trains once it is loaded again",
    ),
    Fault(
        "tf_simclr/optim/schedules.py",
        "warm = step / max(self.warmup_steps, 1)",
        "warm = (step + 1) / max(self.warmup_steps, 1)",
        "the warm-up is one step early",
    ),
    # tf_simclr/
    Fault(
        "tf_simclr/config/remarks.py",
        "if block == LINEAR_HEAD_ONLY and not follows:",
        "if block == LINEAR_HEAD_ONLY and follows:",
        "norms that train on are said not to",
    ),
    Fault(
        "tf_simclr/config/remarks.py",
        'yield ("train_epochs",), "with --train_steps"',
        'yield ("train_epochs",), "with --checkpoint_steps"',
        "a remark on idle epochs names the wrong flag",
    ),
    Fault(
        "tf_simclr/replicas.py",
        "isinstance(context.strategy, tf.distribute.TPUStrategy)",
        "isinstance(context.strategy, tf.distribute.MirroredStrategy)",
        "GPUs pass for a TPU",
    ),
    Fault(
        "tf_simclr/replicas.py",
        'for kind in ("chief", "worker")',
        'for kind in ("worker", "chief")',
        "the chief of a cluster does not write",
    ),
    Fault(
        "tf_simclr/replicas.py",
        "gather(tf.stop_gradient(local))",
        "all_gather(local, axis=0)",
        "a gradient passes through what replicas gather as a constant",
    ),
    Fault(
        "tf_simclr/replicas.py",
        "all_gather(local, axis=0)",
        "all_gather(tf.stop_gradient(local), axis=0)",
        "no gradient passes through what replicas gather",
    ),
    Fault(
        "tf_simclr/replicas.py",
        "return count() == 1 or not isinstance(",
        "return count() == 1 and not isinstance(",
        "on TPUs micro-batches are no loop, and save no memory",
    ),
    Fault(
        "tf_simclr/tpu.py",
        'ENVIRONMENT = ("KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS", "TPU_NAME")',
        'ENVIRONMENT = ("TPU_NAME", "KUBE_GOOGLE_CLOUD_TPU_ENDPOINTS")',
        "another TPU is taken than TensorFlow's own client would take",
    ),
    Fault(
        "tf_simclr/tpu.py",
        "if name != LOCAL and not name.startswith(ADDRESS):",
        "if name != LOCAL and name.startswith(ADDRESS):",
        "a TPU's address is looked up as a name",
    ),
    Fault(
        "tf_simclr/reporting/report.py",
        "for row in table.rows[1 : 1 + MOST_BASELINES]:",
        "for row in table.rows[1:MOST_BASELINES]:",
        "the summary compares with one baseline too few",
    ),
    Fault(
        "tf_simclr/reporting/report.py",
        "str(place + 1) for place in",
        "str(place) for place in",
        "hits among neighbours count from 0",
    ),
    # tf_simclr/reporting/
    Fault(
        "tf_simclr/reporting/confusion.py",
        "cell = CELL if classes <= MOST_COUNTED else SMALL_CELL",
        "cell = CELL if classes < MOST_COUNTED else SMALL_CELL",
        "a map of exactly 20 classes has no counts",
    ),
    Fault(
        "tf_simclr/reporting/confusion.py",
        "row = matrix[number]",
        "row = matrix[:, number]",
        "the map of confusions is transposed",
    ),
    Fault(
        "tf_simclr/reporting/content.py",
        "np.concatenate([queries[:, None], neighbours], axis=1)",
        "np.concatenate([neighbours, queries[:, None]], axis=1)",
        "a query stands behind its neighbours",
    ),
    Fault(
        "tf_simclr/reporting/content.py",
        "if shape != (names, names) or not names:",
        "if shape != (names, names):",
        "a confusion of no classes is accepted",
    ),
    Fault(
        "tf_simclr/reporting/curves.py",
        "(0.0 if 0 <= low < 0.4 * high else low - margin)",
        "(0.0 if low < 0.4 * high else low - margin)",
        "curves below 0 leave their frame",
    ),
    Fault(
        "tf_simclr/reporting/curves.py",
        "return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)",
        "return TOP + share * (HEIGHT - TOP - BOTTOM)",
        "curves are drawn upside down",
    ),
    Fault(
        "tf_simclr/reporting/maps.py",
        "taken[nearest] = np.inf",
        "taken[nearest] = 0",
        "pictures of a map cover each other",
    ),
    Fault(
        "tf_simclr/reporting/maps.py",
        "{360 * label / classes:.0f}",
        "{360 * label / max(1, classes - 1):.0f}",
        "the last class has the hue of the first",
    ),
    Fault(
        "tf_simclr/reporting/pictures.py",
        "size = max(1, round(width * scale)), max(1, round(height * scale))",
        "size = max(1, round(height * scale)), max(1, round(width * scale))",
        "shrunk pictures swap width and height",
    ),
    Fault(
        "tf_simclr/reporting/pictures.py",
        "x = 100 * column / max(1, columns - 1)",
        "x = 100 * column / columns",
        "tiles of a sheet show parts of two pictures",
    ),
    Fault(
        "tf_simclr/reporting/style.py",
        "@media (prefers-color-scheme:dark){:root{--page",
        "@media (prefers-color-scheme:light){:root{--page",
        "a report is dark on a light system",
    ),
    Fault(
        "tf_simclr/reporting/style.py",
        "height:100%;width:var(--share)",
        "height:100%;width:var(--part)",
        "bars of results have no width",
    ),
    # tf_simclr/
    Fault(
        "tf_simclr/workdir/bucket_lock.py",
        "if now - seconds <= dead and not",
        "if now - seconds > dead and not",
        "who lives is taken for dead in a bucket",
    ),
    Fault(
        "tf_simclr/workdir/bucket_lock.py",
        "                    return lost.set()",
        "                    return None",
        "who was taken over in a bucket goes on",
    ),
    Fault(
        "tf_simclr/buckets.py",
        "        return bool(tf.io.gfile.stat(path).is_directory)",
        "        return bool(tf.io.gfile.isdir(path))",
        "a folder in a bucket that cannot be read is said to be missing",
    ),
    Fault(
        "tf_simclr/buckets.py",
        "except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:",
        "except tf.errors.InvalidArgumentError as error:",
        "a bucket that does not exist is no line of its own",
    ),
    Fault(
        "tf_simclr/workdir/checkpoints.py",
        "        if of_storage(error):\n            raise\n",
        "",
        "a checkpoint that a bucket refuses is said to be damaged",
    ),
    Fault(
        "tf_simclr/workdir/run_folder.py",
        "file.truncate(0)",
        "file.seek(0, os.SEEK_END)",
        "process ids pile up in the lock",
    ),
    Fault(
        "tf_simclr/workdir/run_folder.py",
        "return facts if isinstance(facts, dict) else {}",
        "return facts",
        "damaged results that are still JSON are taken for results",
    ),
    Fault(
        "tf_simclr/workdir/summaries.py",
        "series[event.step] = max(written,",
        "series[event.step] = min(written,",
        "of a step done again the first writing counts",
    ),
    Fault(
        "tf_simclr/workdir/watching.py",
        "step + 1 - self.status.since_non_finite",
        "step",
        "a loss that is not finite is put down to a later step",
    ),
    Fault(
        "tf_simclr/workdir/watching.py",
        "self._wait_for_all_but(1)",
        "self._wait_for_all_but(0)",
        "the device idles while its status is read",
    ),
    Fault(
        "tf_simclr/workdir/watching.py",
        "        self._supports_tf_logs = True\n",
        "",
        "Keras reads every metric after each step",
    ),
    # tf_simclr/tasks/
    Fault(
        "tf_simclr/data/classes.py",
        "return np.append(places, UNLABELLED)[labels]",
        "return places[labels]",
        "a picture without a label is of the last class",
    ),
    Fault(
        "tf_simclr/data/classes.py",
        "tuple(theirs) == tuple(ours)",
        "len(theirs) == len(ours)",
        "a run goes on with as many other classes",
    ),
    Fault(
        "tf_simclr/judging/classify.py",
        "hits[labelled].mean()",
        "hits.mean()",
        "pictures without a label count as top-5 mistakes",
    ),
    Fault(
        "tf_simclr/tasks/embed.py",
        "splits = [split] if split else list(data.splits)",
        "splits = [split or config.data.train_split]",
        "only the training split is embedded",
    ),
    Fault(
        "tf_simclr/tasks/evaluate.py",
        "if result and tf.io.gfile.exists(todo.path(REPORT)):",
        "if result:",
        "a report that is missing is not written anew",
    ),
    Fault(
        "tf_simclr/tasks/evaluate.py",
        "encoder_features(untrained.encoder, strategy)",
        "encoder_features(net.encoder, strategy)",
        "the untrained network is the trained one",
    ),
    Fault(
        "tf_simclr/tasks/export.py",
        "keep_newest(os.path.dirname(path), ",
        "keep_newest(path, ",
        "old exports are not removed",
    ),
    Fault(
        "tf_simclr/tasks/export.py",
        "told.format != kind or same:",
        "told.format != kind:",
        "an export may be written over its own source",
    ),
    Fault(
        "tf_simclr/exporting/lite.py",
        "calibrate = pictures[: len(pictures) - len(unseen)]",
        "calibrate = pictures",
        "int8 is compared on pictures that it was calibrated by",
    ),
    Fault(
        "tf_simclr/tasks/export.py",
        "if len(found) < 2:",
        "if len(found) < 1:",
        "a single picture is to calibrate and to compare by",
    ),
    Fault(
        "tf_simclr/judging/judge.py",
        "features(split, labelled=True)",
        "features(split)",
        "pictures without labels use up the probe's examples",
    ),
    Fault(
        "tf_simclr/judging/judge.py",
        'encoder(images, training=False)["final_avg_pool"]',
        'encoder(images, training=True)["final_avg_pool"]',
        "features depend on the other pictures of the batch",
    ),
    Fault(
        "tf_simclr/pretrained/load_encoder.py",
        "open_origin(path, averaged=use_ema_weights)",
        "open_origin(path)",
        "a loaded encoder never has the averaged weights",
    ),
    Fault(
        "tf_simclr/assembly/machine.py",
        "@functools.cache\n",
        "",
        "evaluation initializes the TPU anew, which loses its variables",
    ),
    Fault(
        "tf_simclr/assembly/machine.py",
        "if replicas.workers() > 1 and not config.run.use_tpu:",
        "if replicas.workers() < 1:",
        "the worker that evaluates waits for the others for ever",
    ),
    Fault(
        "tf_simclr/pretrained/origins.py",
        'if layer and config.run.classifies and "ft_proj_selector" not in given:',
        "if layer and config.run.classifies:",
        "a selector that was given is overruled by the released model",
    ),
    Fault(
        "tf_simclr/pretrained/origins.py",
        "return (ours <= SMALL) == (theirs <= SMALL)",
        "return ours == theirs",
        "weights do not fit pictures of another size",
    ),
    Fault(
        "tf_simclr/judging/page.py",
        'shlex.join(["tf-simclr", *flags])',
        '" ".join(["tf-simclr", *flags])',
        "the command of a report cannot be pasted if a path has spaces",
    ),
    Fault(
        "tf_simclr/judging/page.py",
        "meaning = test.identities if test.identities is not None else test.labels",
        "meaning = test.labels",
        "hits on the page are of the same class and not the same thing",
    ),
    Fault(
        "tf_simclr/pretrained/teacher.py",
        "teacher.num_classes != num_classes:",
        "teacher.num_classes < num_classes:",
        "a teacher of more classes than the data is accepted",
    ),
    Fault(
        "tf_simclr/pretrained/teacher.py",
        "sums = logits.sum(axis=1)",
        "sums = logits.sum(axis=0)",
        "a teacher's probabilities pass for logits",
    ),
    Fault(
        "tf_simclr/workdir/segments.py",
        "first_whole = -(-start // per_epoch) * per_epoch",
        "first_whole = start // per_epoch * per_epoch",
        "a run that goes on inside an epoch does too many steps",
    ),
    Fault(
        "tf_simclr/assembly/train_checks.py",
        "if batch_size > examples:",
        "if batch_size >= examples:",
        "a batch of all pictures is too large",
    ),
    Fault(
        "tf_simclr/judging/ask_classifier.py",
        "places_by_name(data.class_names, theirs)",
        "places_by_name(data.class_names, data.class_names)",
        "classes are matched by their order",
    ),
    Fault(
        "tf_simclr/judging/ask_classifier.py",
        'chosen not in ("", knew)',
        "chosen != knew",
        "a classifier of few labels is not judged where all are known",
    ),
    Fault(
        "tf_simclr/workdir/subject.py",
        "if dict(wanted) == dict(own):",
        'if wanted["eval_split"] == own["eval_split"]:',
        "an evaluation in another size takes the place of the run's own results",
    ),
    Fault(
        "tf_simclr/workdir/subject.py",
        'return f"step-{chosen}" if chosen.isdigit() else chosen',
        "return chosen",
        "an evaluation called 100 takes the place of that of step 100",
    ),
    Fault(
        "tf_simclr/workdir/run_settings.py",
        ', "use_tpu", *TPU_ONLY)',
        ")",
        "what was trained on a TPU can be judged on none but one",
    ),
    Fault(
        "tf_simclr/workdir/run_settings.py",
        'config.run.trains and "dataset" not in given',
        "config.run.trains",
        "a whole command keeps a flag of the run that it leaves out",
    ),
    Fault(
        "tf_simclr/workdir/run_settings.py",
        "for name in kept} | {name: defaults[name] for name in decided}",
        "for name in kept}",
        "--train_epochs of a run of --train_steps has no effect",
    ),
    Fault(
        "tf_simclr/assembly/overlap.py",
        'or theirs.startswith(f"{ours}/")',
        "",
        "a folder around the run's own is not compared with it",
    ),
    Fault(
        "tf_simclr/assembly/overlap.py",
        'yield "the network learned", of_run',
        'yield "the network learned", split',
        "an evaluation on what the network was trained on is not named",
    ),
    Fault(
        "tf_simclr/judging/judge.py",
        "np.where(unseen, UNLABELLED, labels)",
        "labels",
        "one class that no training picture shows drops the linear probe",
    ),
    Fault(
        "tf_simclr/tasks/train.py",
        "if schedule.warmup_steps > total:",
        "if schedule.warmup_steps < total:",
        "a warm-up that is longer than the run is silent",
    ),
    Fault(
        "tf_simclr/tasks/train.py",
        'check_same_classes("model_dir", model_dir, knows, class_names)',
        "pass",
        "a run goes on with other classes",
    ),
    Fault(
        "tf_simclr/pretrained/trained.py",
        "selector % (len(head.layers) + 1),",
        "selector % (len(head.layers) or 1),",
        "an export of the last layer classifies from the one before",
    ),
    Fault(
        "tf_simclr/pretrained/trained.py",
        'if result.get("global_step") == step and subject.tells_of(result, own):',
        "if subject.tells_of(result, own):",
        "results of another step pass for those of this one",
    ),
    Fault(
        "tf_simclr/pretrained/variable_schema.py",
        "layers = max(1, model.num_projections)",
        "layers = model.num_projections",
        "a schema never takes the head where the network has none",
    ),
    Fault(
        "tf_simclr/assembly/views.py",
        "tf.constant([config.run.seed, place], tf.int64)",
        "tf.constant([config.run.seed, 0], tf.int64)",
        "all pictures to look at are augmented alike",
    ),
    Fault(
        "tf_simclr/pretrained/warm_start.py",
        'parts.pop("supervised_head", None)',
        "pass",
        "a classifier that is to start at zero is restored",
    ),
    # tf_simclr/methods/
    Fault(
        "tf_simclr/methods/method.py",
        "if data.num_labelled(split) == 0:",
        "if False:",
        "a classifier is trained on a split without labels",
    ),
    Fault(
        "tf_simclr/methods/method.py",
        'if "supervised_head" not in restored or not data.num_classes:',
        "if not data.num_classes:",
        "a classifier that was drawn is judged",
    ),
    Fault(
        "tf_simclr/judging/summary.py",
        "if TOP_1 not in result:",
        "if TOP_5 in result:",
        "a classifier's accuracy is not printed",
    ),
    Fault(
        "tf_simclr/judging/summary.py",
        '"-" if value is None or not np.isfinite(value)',
        '"-" if value is None',
        "a score that is no number is printed as one",
    ),
    Fault(
        "tf_simclr/pretrained/warm_start.py",
        "net.restarted()",
        "pass",
        "the averaged network does not start from what was restored",
    ),
)
