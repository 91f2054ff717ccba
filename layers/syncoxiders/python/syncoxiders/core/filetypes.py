"""What a file is to a person, by its name's ending."""

from typing import Literal, TypeAlias

from syncoxiders.core.model import Kind

Type: TypeAlias = Literal[
    "folder", "document", "image", "video", "audio", "archive", "code", "other"
]

TYPES: tuple[Type, ...] = (
    "folder",
    "document",
    "image",
    "video",
    "audio",
    "archive",
    "code",
    "other",
)
"""The types, as they are numbered in indexes: new ones go to the end."""

FOLDER, OTHER = TYPES.index("folder"), TYPES.index("other")

_ENDINGS = {
    "document": "abw csv doc docm docx dot dotx epub gdoc gsheet gslides htm html key log md mobi "
    "numbers odg odp ods odt one pages pdf pot potx pps ppsx ppt pptx ps rst rtf tex tsv txt "
    "vsd vsdx wpd xls xlsb xlsm xlsx xlt xltx xps",
    "image": "ai arw avif bmp cr2 cr3 dng eps gif heic heif ico indd jfif jpeg jpg jxl nef orf "
    "pef png psd raf raw rw2 svg tga tif tiff webp xcf",
    "video": "3gp avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv ts vob webm wmv",
    "audio": "aac ac3 aif aiff amr ape flac m4a m4b mid midi mka mp3 oga ogg opus wav wma",
    "archive": "7z apk bz2 cab deb dmg gz img iso jar lz lz4 lzma pkg rar rpm tar tbz tgz txz "
    "vhd vhdx vmdk war xz z zip zst",
    "code": "asm bash bat c cc cfg cmake conf cpp cs css cxx dart diff erl ex exs fs go gradle h "
    "hpp hs hxx ini ipynb java jl js json jsx kt less lua m mjs ml mm nix patch php pl pm proto "
    "ps1 py pyi r rb rs sass scala scss sh sql svelte swift tf toml tsx vb vue xml yaml yml zig",
}
_TYPE_OF = {
    ending: TYPES.index(name) for name, endings in _ENDINGS.items() for ending in endings.split()
}


def type_of(name: str, kind: Kind) -> int:
    """Return a type's place in :data:`TYPES`. An online document without ending is other."""
    if kind is Kind.FOLDER:
        return FOLDER
    if kind is not Kind.FILE:
        return OTHER
    stem, dot, ending = name.rpartition(".")
    return _TYPE_OF.get(ending.lower(), OTHER) if dot and stem else OTHER
