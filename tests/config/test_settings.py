import tomllib
from pathlib import Path

import pytest

import config
from config.reading import known_keys, load
from config.settings import (
    MAX_SOCKET_PATH_BYTES,
    Camera,
    ConfigError,
    Push,
    Settings,
    Storage,
    socket_path,
)

DEFAULT_TOML = Path(config.__file__).with_name("default.toml")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "diemcau.toml"
    path.write_text(text, "utf-8")
    return path


def test_default_file_says_what_the_model_says() -> None:
    assert Settings.model_validate(tomllib.loads(DEFAULT_TOML.read_text("utf-8"))) == Settings()


def test_default_file_names_every_setting() -> None:
    text = DEFAULT_TOML.read_text("utf-8")
    names = {key.rpartition(".")[2] for key in known_keys(Settings)}
    assert [name for name in sorted(names) if name not in text] == []


def test_nothing_given_is_the_default() -> None:
    assert load(None, {}) == Settings()


def test_all_faults_at_once_each_with_key_rule_and_nearest_name(tmp_path: Path) -> None:
    path = written(tmp_path, '[http]\nprot = 1\nport = "x"\n[program]\nfps = 900\n[htps]\n')
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    text = str(caught.value)
    assert "http.prot: there is no such setting; did you mean `http.port`?" in text
    assert "http.port = 'x'" in text
    assert "program.fps = 900: Input should be less than or equal to 60" in text
    assert "did you mean `https`?" in text
    assert str(path) in text


@pytest.mark.parametrize(
    ("addresses", "says"),
    [
        ('"203.0.113.7"', r"media\.addresses: is a list; write it in brackets"),
        ('["203.0.113.700"]', r"'203\.0\.113\.700' is no IP address"),
        ('["hoi-truong.example.vn"]', r"'hoi-truong\.example\.vn' is no IP address"),
    ],
)
def test_an_address_that_no_site_could_send_to(tmp_path: Path, addresses: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(written(tmp_path, f"[media]\naddresses = {addresses}\n"), {})


@pytest.mark.parametrize("heights", [(360, 360), (180, 360)])
def test_two_sizes_of_the_ladder_do_not_share_a_folder(
    tmp_path: Path, heights: tuple[int, int]
) -> None:
    """Nothing at all would be recorded."""
    rungs = ", ".join(f"{{height = {one}, video_bitrate_bps = 200_000}}" for one in heights)
    with pytest.raises(ConfigError, match=r"put the largest first"):
        load(written(tmp_path, f"[program]\nladder = [{rungs}]\n"), {})


@pytest.mark.parametrize(
    "text",
    [
        '[[cameras]]\nurl = "rtsp://a:S3CRET@192.168.1.20/1"\n',
        '[[cameras]]\nsite = "hall"\nurl = "ftp://a:S3CRET@192.168.1.20"\n',
        'cameras = ["rtsp://a:S3CRET@192.168.1.20/1"]\n',
        '[[push]]\nname = "rtmp://a.example/S3CRET and too long for a name of one"\nurl = "x"\n',
        'turn = "S3CRET"\n',
        "[turn]\nsecret = ['S3CRET']\n",
        '[storage]\ndatabase_url = ["postgresql://a:S3CRET@db/x"]\n',
    ],
)
def test_a_fault_repeats_no_password(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, text), {})
    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[http\n", "not valid TOML"),
        (b"\xff\xfe", "line 1 is not in UTF-8"),
        ("[http]\n# cổng\n".encode("cp1258", "replace") + b"\xeang\n", "line 3 is not in UTF-8"),
        (b"port = ", "not valid TOML"),
        ("# “của tỉnh”\nlanguage = “vi”\n".encode(), "line 2, .* straight quotes"),
        ('language = "vi”\n'.encode(), "straight quotes"),
        (b"language = vi\n", "straight quotes"),
        ("[http]\nport\u00a0= 81\n".encode(), r"line 2, .*U\+00A0"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=says):
        load(path, {})


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("[media]\nmax_viewers = 1.000", r"media\.max_viewers = 1\.0: .* without a dot: 20_000"),
        ('[https]\npublic_url = "hop.dienbien.gov.vn"', r"write https:// and the name"),
        ('[https]\npublic_url = "https://a.vn/hop"', r"write https:// and the name"),
        ("http = 80", r"http = …: write it as config/default\.toml"),
        ('language = "en-GB"', r"language = 'en-GB': Input should be 'vi' or 'en'"),
        ('[turn]\nurls = ["turn.example.vn"]', r"turn\.urls\.0 .*write it as config/default\.toml"),
    ],
)
def test_a_fault_says_how_to_write_it(tmp_path: Path, toml: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(written(tmp_path, toml), {})


def test_a_file_that_was_saved_on_windows(tmp_path: Path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_bytes("[http]\r\nport = 81\r\n".encode("utf-8-sig"))
    assert load(path, {}).http.port == 81


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


def test_environment_goes_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[http]\nport = 1\n[program]\nfps = 30\n")
    settings = load(path, {"DIEMCAU_HTTP__PORT": "81", "DIEMCAU_LANGUAGE": "en", "PATH": "/bin"})
    assert (settings.http.port, settings.program.fps, settings.language) == (81, 30, "en")


def test_environment_that_names_no_section_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, 'language = "vi"\n')
    with pytest.raises(ConfigError, match="DIEMCAU_LANGUAGE__X"):
        load(path, {"DIEMCAU_LANGUAGE__X": "1"})


@pytest.mark.parametrize("secret", ["20261127", "1e5", "true", "12#ab", "0x1F", "s3cret", '"7"'])
def test_a_secret_of_the_environment_may_look_like_a_number(secret: str) -> None:
    assert load(None, {"DIEMCAU_TURN__SECRET": secret}).turn.secret == secret.strip('"')


def test_a_list_from_the_environment() -> None:
    settings = load(None, {"DIEMCAU_MEDIA__ADDRESSES": '["203.0.113.7"]'})
    assert settings.media.addresses == ("203.0.113.7",)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("DIEMCAU_HTTP__PORT", r"DIEMCAU_HTTP__PORT in the environment: http\.port = 'x'"),
        ("DIEMCAU_HTTP_PORT", r"DIEMCAU_HTTP_PORT in .*; did you mean `DIEMCAU_HTTP__PORT`\?"),
    ],
)
def test_a_fault_of_the_environment_names_its_variable(
    tmp_path: Path, name: str, says: str
) -> None:
    """The file is right, and nobody would find it there."""
    with pytest.raises(ConfigError, match=says):
        load(written(tmp_path, "[http]\nport = 1\n"), {name: "x"})


def test_an_address_as_a_browser_shows_it(tmp_path: Path) -> None:
    path = written(tmp_path, '[https]\npublic_url = "https://hop.example.vn/"\n')
    assert load(path, {}).https.public_url == "https://hop.example.vn"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    push = '[[push]]\nname = "Đài"\nurl = "rtmps://a.vn/live/key"\nca_file = "station.pem"\n'
    path = written(tmp_path, f'procedures = "ours.toml"\n{push}[storage]\ndata_dir = "x"\n')
    settings = load(path, {})
    assert settings.push[0].ca_file == str(tmp_path.resolve() / "station.pem")
    assert settings.storage.data_dir == tmp_path.resolve() / "x"
    assert settings.procedures == tmp_path.resolve() / "ours.toml"


def test_socket_path_fits_whatever_the_data_folder(tmp_path: Path) -> None:
    near = socket_path(Storage(data_dir=tmp_path))
    far = socket_path(Storage(data_dir=tmp_path / ("x" * 200)))
    assert near == tmp_path / "run" / "studio.sock"
    assert len(str(far).encode()) <= MAX_SOCKET_PATH_BYTES
    assert far != socket_path(Storage(data_dir=tmp_path / ("y" * 200)))


def test_a_zone_that_no_clock_goes_by(tmp_path: Path) -> None:
    assert load(written(tmp_path, 'time_zone = "Asia/Tokyo"\n'), {}).time_zone == "Asia/Tokyo"
    for zone in ("", "Asia", "Asia/Dien_Bien", "localtime", "../localtime", "+07:00"):
        with pytest.raises(ConfigError, match=r"time_zone = .* is no time zone"):
            load(written(tmp_path, f'time_zone = "{zone}"\n'), {})


def test_a_home_is_not_a_folder_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    push = '[[push]]\nname = "Đài"\nurl = "rtmps://a.vn/live/key"\nca_file = "~/station.pem"\n'
    path = written(tmp_path, f'procedures = "~/luat.toml"\n{push}[storage]\ndata_dir = "~/kho"\n')
    settings = load(path, {"DIEMCAU_HTTPS__CERTIFICATE": "~/chain.pem"})
    assert settings.push[0].ca_file == str(tmp_path / "home" / "station.pem")
    assert settings.storage.data_dir == tmp_path / "home" / "kho"
    assert settings.procedures == tmp_path / "home" / "luat.toml"
    assert settings.https.certificate == tmp_path / "home" / "chain.pem"
    with pytest.raises(ConfigError, match=r"storage\.data_dir = .* names a home that nobody has"):
        load(None, {"DIEMCAU_STORAGE__DATA_DIR": "~nobody-of-that-name/kho"})


@pytest.mark.parametrize(
    ("url", "listens"),
    [
        ("srt://0.0.0.0:9000?mode=listener", True),
        ("srt://0.0.0.0:9000?streamid=#!::r=hop&mode=listener&latency=200000", True),
        ("srt://203.0.113.5:9000", False),
        ("srt://203.0.113.5:9000?streamid=#!::r=hop,mode=listener", False),
        ("srt://203.0.113.5:9000?streamid=mode=listener", False),
    ],
)
def test_who_waits_for_the_other_side(url: str, listens: bool) -> None:
    """A stream id is anybody's words (SRT access control)."""
    assert Push(name="Đài", url=url).listens == listens
    assert Camera(site="hall", url=url).listens == listens
