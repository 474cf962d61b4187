"""Each network: its ONNX file against torch, its samples, its loss, its training. Skipped where torch is not installed."""

from functools import cache

import numpy as np
import pytest
from tests.support.moving_scene import MovingScene, walkers

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from haetae.clock import SystemClock  # noqa: E402
from haetae.errors import ConfigError, ModelError  # noqa: E402
from haetae.training.export import GREATEST_DIFFERENCE, export  # noqa: E402
from haetae.training.networks import RECIPES, trained_part  # noqa: E402
from haetae.training.networks.memae import SparseMemory  # noqa: E402
from haetae.training.networks.recipe import Plan, Recipe  # noqa: E402
from haetae.training.train import Result, train  # noqa: E402
from haetae.vad.base import VAD_MODELS  # noqa: E402
from haetae.vad.trained.model import TrainedModel  # noqa: E402
from haetae.vad.trained.movement import FEATURES  # noqa: E402

NAMES = sorted(RECIPES.builtin)
SCENE = MovingScene(walkers(12))


def made(name: str, *, width: str = "light", seed: int = 3) -> Recipe:
    torch.manual_seed(seed)
    recipe: Recipe = RECIPES.load(name)(width=width)
    return recipe


def small(recipe: Recipe, steps: int) -> Recipe:
    recipe.plan = Plan(steps, min(recipe.plan.batch, 256 if recipe.name == "mulde" else 4), recipe.plan.rate)
    return recipe


@cache
def samples_of(name: str) -> np.ndarray:
    samples = made(name).samples(0.2, 4, 0)
    for t_s in np.arange(0.0, 14.0, 0.2):
        samples.look(SCENE.picture(float(t_s)), float(t_s), keep=True)
    array: np.ndarray = samples.array()
    return array


def collected(recipe: Recipe) -> np.ndarray:
    recipe.samples(0.2, 4, 0)
    return samples_of(recipe.name)


def trained(name: str, steps: int, **options: object) -> tuple[Recipe, Result]:
    recipe = small(made(name), steps)
    samples = collected(recipe)
    return recipe, train(recipe, samples, samples[::12], clock=SystemClock(), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", NAMES)
def test_every_network_belongs_to_a_model(name):
    assert issubclass(VAD_MODELS.load(name), TrainedModel)
    assert (RECIPES.load(name)().name, RECIPES.load(name)().version) == (name, VAD_MODELS.load(name).version)


@pytest.mark.parametrize("name", NAMES)
def test_the_exported_network_gives_what_torch_gives_and_the_model_takes_it(tmp_path, name):
    recipe, _ = trained(name, 3)
    exported = export(recipe, tmp_path / "net.onnx", {})
    assert exported.greatest_difference <= GREATEST_DIFFERENCE
    model = VAD_MODELS.load(name)(weights=exported.path, device="cpu")
    assert model.device == "cpu"
    assert not list(tmp_path.glob(".*"))


def test_the_paper_s_width_is_wider():
    counts = [sum(each.numel() for each in made("predictor", width=width).module.parameters()) for width in ("light", "paper")]
    assert counts[0] < 150_000
    assert counts[1] > 5_000_000


@pytest.mark.parametrize("name", NAMES)
def test_training_lowers_the_loss(name):
    recipe = small(made(name), 20)
    samples = collected(recipe)
    result = train(recipe, samples, samples[::6], clock=SystemClock())
    assert result.held_out_loss < result.looks[0][1]


@pytest.mark.parametrize("name", ["mulde", "mnad"])
def test_the_same_seed_gives_the_same_network_and_another_one_another(name):
    first, second, other = trained(name, 6)[0], trained(name, 6)[0], trained(name, 6, seed=1)[0]
    for key, value in first.module.state_dict().items():
        assert torch.equal(value, second.module.state_dict()[key])
    assert any(not torch.equal(value, other.module.state_dict()[key]) for key, value in first.module.state_dict().items())


class Broken(Exception):
    pass


@pytest.mark.parametrize("name", ["predictor", "mnad", "mulde"])
def test_a_training_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch, name):
    monkeypatch.setattr("haetae.training.train.CHECKPOINT_S", 0.0)
    checkpoint = tmp_path / "checkpoint.npz"

    def stop(stand: object) -> None:
        if getattr(stand, "step") == 7:  # noqa: B009
            raise Broken

    with pytest.raises(Broken):
        trained(name, 12, checkpoint=checkpoint, told=stop)
    resumed, result = trained(name, 12, checkpoint=checkpoint, resume=True)
    whole, wanted = trained(name, 12)
    assert result.looks == wanted.looks
    for key, value in whole.module.state_dict().items():
        assert torch.equal(value, resumed.module.state_dict()[key]), key


def test_a_checkpoint_of_something_else_or_damaged_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("haetae.training.train.CHECKPOINT_S", 0.0)
    checkpoint = tmp_path / "checkpoint.npz"
    trained("mulde", 3, checkpoint=checkpoint)
    with pytest.raises(ConfigError, match=r"another training.*Remove"):
        trained("mulde", 3, checkpoint=checkpoint, resume=True, seed=5)
    checkpoint.write_bytes(checkpoint.read_bytes()[:2000])
    with pytest.raises(ConfigError, match="cannot be read"):
        trained("mulde", 3, checkpoint=checkpoint, resume=True)


def test_a_time_limit_shortens_the_training():
    class Slow(SystemClock):
        now = 0.0

        def monotonic(self) -> float:
            self.now += 1.0
            return self.now

    recipe = small(made("mulde"), 1000)
    samples = collected(recipe)
    result = train(recipe, samples, samples[::6], clock=Slow(), time_limit_s=40.0)
    assert 20 <= result.steps <= 60


def test_a_loss_that_stops_falling_ends_the_training(monkeypatch):
    recipe = small(made("mulde"), 400)
    samples = collected(recipe)
    monkeypatch.setattr("haetae.training.train._held_out_loss", lambda *_: 1.0)
    result = train(recipe, samples, samples[::6], clock=SystemClock())
    assert (result.best_step, result.steps) == (20, 140)


def test_too_few_samples_and_a_loss_that_is_no_number_are_errors():
    recipe = small(made("mulde"), 5)
    samples = collected(recipe)
    with pytest.raises(ModelError, match="only 10 samples"):
        train(recipe, samples[:10], samples, clock=SystemClock())
    samples = samples.copy()
    samples[:, 3] = np.nan
    with pytest.raises(ModelError, match="is nan"):
        train(recipe, samples, samples, clock=SystemClock())


def test_an_export_that_differs_from_torch_is_refused_and_leaves_nothing(tmp_path, monkeypatch):
    recipe, _ = trained("predictor", 2)
    run = type(recipe).run
    monkeypatch.setattr(type(recipe), "run", lambda self, feeds: {key: value + 0.01 for key, value in run(self, feeds).items()})
    with pytest.raises(ModelError, match="differs from torch"):
        export(recipe, tmp_path / "net.onnx", {})
    assert not list(tmp_path.iterdir())


def test_samples_are_bounded_and_a_uniform_choice():
    recipe = made("mulde")
    reservoir = recipe.samples(0.2, 0, 0)
    reservoir._capacity = 100  # type: ignore[attr-defined]
    for t_s in np.arange(0.0, 30.0, 0.2):
        reservoir.look(SCENE.picture(float(t_s)), float(t_s), keep=True)
    assert reservoir.array().shape == (100, FEATURES)


def test_the_density_of_a_normal_distribution_is_found():
    """-log p of a standard normal blurred by sigma grows as |x|^2 / 2 (1 + sigma^2): far out is less dense, in order."""
    recipe = made("mulde")
    recipe.plan = Plan(300, 256, 1e-3)
    rows = np.random.default_rng(0).normal(size=(20_000, FEATURES)).astype(np.float32)
    train(recipe, rows, rows[:256], clock=SystemClock())
    far = torch.tensor([[radius / FEATURES**0.5] * FEATURES for radius in (0.0, 1.5, 3.0, 4.5)], dtype=torch.float32)
    with torch.no_grad():
        said = recipe.run({"rows": far})["surprise"].numpy()
    assert (np.diff(said, axis=0) >= 0.0).all()
    assert (said[3] > said[1] + 1.0).all()


def test_the_memory_of_memae_gives_back_what_it_remembers():
    """A place of the code that is plainly one item is replaced by that item, not by a mixture of half of the memory."""
    torch.manual_seed(0)
    memory = SparseMemory(8, 400)
    with torch.no_grad():
        memory.items.copy_(torch.nn.functional.normalize(torch.randn(400, 8), dim=1) * 5.0)
        wanted = memory.items[:6].T.reshape(1, 8, 1, 2, 3)
        weight = memory.weights(wanted)
        assert float((memory.read(weight) - wanted).abs().max()) < 0.5
    assert weight.sum(dim=1).allclose(torch.ones(1))
    assert weight.argmax(dim=1).ravel().tolist() == list(range(6))
    assert float((weight > 0).float().mean()) < 0.05


def test_which_network_a_model_needs():
    assert trained_part("motion", {}) is None
    assert trained_part("mnad", {}) == "mnad"
    assert trained_part("fused", {}) == "predictor"
    assert trained_part("fused", {"with": "mulde"}) == "mulde"
