"""What a run of exemplars asks of its flags and its data, and how long its epochs are."""

import pytest

from tf_simclr import methods
from tf_simclr.assembly import build, build_data
from tf_simclr.config import Config
from tf_simclr.methods.method import Lesson
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.many_classes import ManyClasses
from tf_simclr.optim.decay import weight_roles

METHOD = methods.things.load("methods", "exemplar")


def config(**flags):
    tiny = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}
    of_run = {"pretext_task": "exemplar", "train_batch_size": 8, "exemplar_classes": 40}
    return Config.from_flat(tiny | of_run | flags)


@pytest.mark.parametrize("classes", [40, 200])
def test_an_epoch_has_a_copy_of_each_patch(picture_folder, classes):
    flags = {"dataset": "image_folder", "data_dir": picture_folder, "eval_split": "test"}
    run = config(exemplar_classes=classes, train_epochs=3, **flags)
    data = build_data.source(run)
    examples = METHOD.examples(run, data)
    assert examples == classes and data.num_examples("train") == 16
    assert build.total_steps(run, examples) == 3 * classes / 8
    assert METHOD.chance(run) == 1 / classes


def test_a_batch_may_have_all_patches_and_no_more():
    METHOD.check(config(train_batch_size=40))
    with pytest.raises(ValueError, match="`train_batch_size` must not be larger than exemplar_cla"):
        METHOD.check(config(train_batch_size=41))
    with pytest.raises(ValueError, match="`microbatches` must divide train_batch_size=8"):
        METHOD.check(config(microbatches=3))


def test_flags_of_views_are_set_to_what_judging_uses():
    given = {"view_operations": "crop,flip", "min_crop_area": 0.5, "augment_on": "device"}
    settled = methods.checked(config(**given))
    assert settled == config()
    assert settled.operations == Config().operations


def test_the_classifier_of_patches_decays_as_classifiers_do():
    with build.drawn(0):
        net = METHOD.network(config(), Lesson(), training=True)
    assert isinstance(net.exemplar_head, ManyClasses) and net.exemplar_head.num_classes == 40
    roles = weight_roles(net, norm=BatchNorm, classifier=build.CLASSIFIERS)
    own = {id(weight) for weight in net.exemplar_head.trainable_weights}
    assert {id(weight) for weight in roles.classifier} == own
    assert own <= {id(weight) for weight in roles.outside_lars()}
    assert [weight.shape.rank for weight in roles.l2("lars")] == [2]
