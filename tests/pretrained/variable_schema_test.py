import pytest

from tf_simclr.config import Config
from tf_simclr.pretrained.variable_schema import restored_parts

ALL = ["encoder", "projection_head", "supervised_head"]
DEEP = {"resnet_depth": 50, "sk_ratio": 0.0625, "se_ratio": 0.25}


def restored(schema, **settings):
    return restored_parts(Config.from_flat({"variable_schema": schema, **settings}))


@pytest.mark.parametrize("settings", [{}, {"resnet_depth": 18, "image_size": 32}, DEEP], ids=str)
@pytest.mark.parametrize(
    ("schema", "parts"),
    [
        (None, ALL),
        ("", ALL),
        ("base_model", ALL[:1]),
        ("base_model/.+", ALL[:1]),
        ("base_model|head_contrastive/nl_", ALL[:2]),
        # As in the original's README.
        ("(?!global_step|(?:.*/|^)Momentum|head)", ALL[:1]),
        ("(?!global_step|(?:.*/|^)Momentum|head_supervised)", ALL[:2]),
    ],
)
def test_parts_are_taken_by_the_names_of_their_variables(schema, parts, settings):
    assert restored(schema, **settings) == parts


@pytest.mark.parametrize("mode", ["linear", "none"])
def test_heads_of_other_kinds(mode):
    taken = restored("base_model|head_contrastive/l_0", proj_head_mode=mode)
    assert taken == (ALL[:2] if mode == "linear" else ALL[:1])


def test_a_checkpoint_may_have_a_head_that_the_network_does_not():
    assert restored("base_model|head_contrastive", proj_head_mode="none") == ALL[:2]


def test_selective_kernels_have_a_stem_of_three_convolutions_but_not_in_small_pictures():
    # Five convolutions in each of 16 blocks, four shortcuts, and the stem: 85 or 87, from 0.
    selective = {"resnet_depth": 50, "sk_ratio": 0.0625}
    assert restored("(?!.*conv2d_85/)", image_size=32, **selective) == ALL
    with pytest.raises(ValueError, match="conv2d_85/kernel"):
        restored("(?!.*conv2d_85/)", image_size=33, **selective)


@pytest.mark.parametrize(
    ("schema", "part", "taken", "left"),
    [
        (
            "(?!.*nl_2)",
            "projection_head",
            "head_contrastive/nl_0/dense/kernel",
            "nl_2/dense/kernel",
        ),
        (
            "base_model/(?!conv2d/)",
            "encoder",
            "base_model/batch_normalization/gamma",
            "conv2d/kernel",
        ),
        ("base_model/conv2d.*", "encoder", "base_model/conv2d/kernel", "batch_normalization/gamma"),
        (".*kernel", "encoder", "base_model/conv2d/kernel", "base_model/batch_normalization/gamma"),
    ],
)
def test_a_part_is_taken_whole_or_not_at_all(schema, part, taken, left):
    with pytest.raises(ValueError) as caught:
        restored(schema)
    said = str(caught.value)
    assert (
        f"`variable_schema` must match all or none of the {part}, but matches {taken} and not"
        in said
    )
    assert f"{left}. Received: variable_schema={schema!r}." in said


@pytest.mark.parametrize("schema", ["head", "(?!base_model)", "nothing_at_all"])
def test_the_encoder_must_be_among_them(schema):
    with pytest.raises(ValueError, match="`variable_schema` must match base_model/, the encoder"):
        restored(schema)
