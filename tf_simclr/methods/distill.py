"""Distillation: a student learns a teacher's predictions (arXiv 2006.10029, section 2)."""

from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data.source import Source
from tf_simclr.methods.classifying import Classifying
from tf_simclr.methods.method import Lesson, Needed
from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.student import Student
from tf_simclr.pretrained.teacher import open_teacher
from tf_simclr.reporting.words import LEARNING_RATE, OF_LABELS, Shown, Words


class Distillation(Classifying):
    """Trains a student on a teacher's class probabilities, with or without labels."""

    words = Words(
        title="Distillation",
        learned="Learned on {} from a teacher.",
        classifier="Student",
        curves={**OF_LABELS, "train/distill_loss": "Distillation loss", **LEARNING_RATE},
        line=(
            (Shown("distill_loss", "loss"),),
            (
                Shown("supervised_acc", "accuracy", share=True),
                Shown("teacher_agreement", "as the teacher", share=True),
            ),
        ),
    )
    without_labels = " Or give --distill_alpha=1, to learn from the teacher alone."

    def check(self, config: Config) -> None:
        super().check(config)
        teacher = config.distillation.teacher
        rule = "must name the teacher to learn from with --train_mode=distill"
        require(not config.run.trains or teacher is not None, "teacher", rule, teacher)

    def labels(self, config: Config) -> Needed:
        return "none" if config.distillation.distill_alpha == 1 else "some"

    def lesson(self, config: Config, data: Source) -> Lesson:
        path = config.distillation.teacher
        assert path is not None  # See `check`.
        teacher = open_teacher(
            path,
            num_classes=data.num_classes,
            image_size=config.data.view_side,
            class_names=data.class_names,
        )
        classes, names = data.num_classes or teacher.num_classes, data.class_names
        return Lesson(classes, names or teacher.class_names, teacher)

    def classifier(self, config: Config, lesson: Lesson) -> Classifier:
        if lesson.teacher is None:  # It is only evaluated.
            return super().classifier(config, lesson)
        return Student(
            build.encoder(config),
            build.projection_head(config),
            teacher=lesson.teacher,
            temperature=config.distillation.distill_temperature,
            alpha=config.distillation.distill_alpha,
            **self.options(config, lesson),
        )


METHOD = Distillation()
