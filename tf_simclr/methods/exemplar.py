"""Exemplars: of which patch is this a copy? (arXiv 1406.6909)."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build, build_data, exemplars
from tf_simclr.assembly.views import Drawn
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data import pipeline
from tf_simclr.data.pipeline import Stream
from tf_simclr.data.source import Source
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.judging.summary import percent
from tf_simclr.methods.method import Judgement, Lesson
from tf_simclr.methods.pretext import Pretext
from tf_simclr.nets.exemplar import ExemplarNet
from tf_simclr.nets.pretext import PretextNet
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.reporting.content import ViewWords
from tf_simclr.reporting.words import LEARNING_RATE, LOOKS, Asked, Shown, Words
from tf_simclr.workdir.seeds_file import read_seeds
