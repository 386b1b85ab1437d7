"""Which system packages have a header, library or program: Debian, Fedora, Alpine, macOS.

A maintained table: one line per thing that Python source builds ask for. Names without an entry
give no advice rather than a guess.
"""

from __future__ import annotations

import re

_SYSTEMS = (
    ("Debian, Ubuntu", "apt-get install"),
    ("Fedora", "dnf install"),
    ("Alpine", "apk add"),
    ("macOS", "brew install"),
)

# Things asked for (headers without folder, libraries without `lib`, programs) | Debian | Fedora |
# Alpine | macOS.
_TABLE = """
pg_config libpq-fe.h pq libpq | libpq-dev | libpq-devel | postgresql-dev | libpq
mysql_config mariadb_config mysql.h mysqlclient mariadb | default-libmysqlclient-dev | mysql-devel | mariadb-dev | mysql-client
Python.h python-dev python3-dev pyconfig.h | python3-dev | python3-devel | python3-dev | python
gcc cc g++ c++ cc1plus x86_64-linux-gnu-gcc clang make | build-essential | gcc gcc-c++ make | build-base | gcc
cmake | cmake | cmake | cmake | cmake
ninja | ninja-build | ninja-build | samurai | ninja
meson | meson | meson | meson | meson
rustc cargo rustup | cargo rustc | cargo rust | cargo rust | rust
gfortran f95 Fortran | gfortran | gcc-gfortran | gfortran | gcc
swig | swig | swig | swig | swig
git | git | git | git | git
pkg-config pkgconf | pkg-config | pkgconf-pkg-config | pkgconf | pkg-config
autoconf automake autoreconf libtool libtoolize aclocal | autoconf automake libtool | autoconf automake libtool | autoconf automake libtool | autoconf automake libtool
bison | bison | bison | bison | bison
flex | flex | flex | flex | flex
m4 | m4 | m4 | m4 | m4
patch | patch | patch | patch | gpatch
nasm | nasm | nasm | nasm | nasm
protoc | protobuf-compiler | protobuf-compiler | protoc | protobuf
java javac jni.h | default-jdk | java-latest-openjdk-devel | openjdk17 | openjdk
node npm | nodejs npm | nodejs npm | nodejs npm | node
patchelf | patchelf | patchelf | patchelf | patchelf
llvm-config LLVM | llvm-dev | llvm-devel | llvm-dev | llvm
ffi.h ffi libffi | libffi-dev | libffi-devel | libffi-dev | libffi
openssl OpenSSL opensslv.h ssl.h ssl crypto evp.h openssl-sys | libssl-dev pkg-config | openssl-devel | openssl-dev | openssl@3
xml2-config xml2 libxml2 xmlversion.h tree.h libxml-2.0 | libxml2-dev | libxml2-devel | libxml2-dev | libxml2
xslt-config xslt libxslt xslt.h | libxml2-dev libxslt1-dev | libxslt-devel | libxslt-dev | libxslt
zlib zlib.h z | zlib1g-dev | zlib-devel | zlib-dev | zlib
jpeg jpeglib.h libjpeg | libjpeg-dev | libjpeg-turbo-devel | libjpeg-turbo-dev | jpeg-turbo
png.h libpng png libpng-config | libpng-dev | libpng-devel | libpng-dev | libpng
tiff.h tiffio.h libtiff tiff | libtiff-dev | libtiff-devel | tiff-dev | libtiff
webp libwebp decode.h | libwebp-dev | libwebp-devel | libwebp-dev | webp
ft2build.h freetype freetype2 freetype-config | libfreetype-dev | freetype-devel | freetype-dev | freetype
lcms2 lcms2.h | liblcms2-dev | lcms2-devel | lcms2-dev | little-cms2
cairo cairo.h cairo.pc | libcairo2-dev pkg-config | cairo-devel pkgconf-pkg-config | cairo-dev pkgconf | cairo pkg-config
girepository gobject-introspection-1.0 girepository-1.0 girepository-2.0 | libgirepository1.0-dev | gobject-introspection-devel | gobject-introspection-dev | gobject-introspection
glib glib-2.0 gio-2.0 glib.h | libglib2.0-dev | glib2-devel | glib-dev | glib
gtk gtk+-3.0 gtk+-2.0 | libgtk-3-dev | gtk3-devel | gtk+3.0-dev | gtk+3
dbus-1 dbus dbus.h dbus-glib-1 | libdbus-1-dev libdbus-glib-1-dev | dbus-devel dbus-glib-devel | dbus-dev dbus-glib-dev | dbus
systemd systemd-config sd-daemon.h libsystemd | libsystemd-dev | systemd-devel | elogind-dev | -
portaudio.h portaudio | portaudio19-dev | portaudio-devel | portaudio-dev | portaudio
sndfile.h sndfile libsndfile | libsndfile1-dev | libsndfile-devel | libsndfile-dev | libsndfile
asoundlib.h asound alsa | libasound2-dev | alsa-lib-devel | alsa-lib-dev | -
libavformat libavcodec avformat.h avcodec.h libavdevice libavutil libswscale libavfilter ffmpeg | libavformat-dev libavdevice-dev libavfilter-dev pkg-config | ffmpeg-free-devel | ffmpeg-dev | ffmpeg
pulse.h libpulse pulseaudio.h | libpulse-dev | pulseaudio-libs-devel | pulseaudio-dev | pulseaudio
ldap.h ldap lber.h lber | libldap2-dev | openldap-devel | openldap-dev | openldap
sasl.h sasl sasl2 libsasl2 | libsasl2-dev | cyrus-sasl-devel | cyrus-sasl-dev | cyrus-sasl
krb5-config krb5.h gssapi.h gssapi_krb5 gssapi | libkrb5-dev | krb5-devel | krb5-dev | krb5
sql.h sqlext.h odbc odbc_config | unixodbc-dev | unixODBC-devel | unixodbc-dev | unixodbc
sybdb.h sybdb freetds | freetds-dev | freetds-devel | freetds-dev | freetds
oci.h occi.h | - | - | - | instantclient-sdk
sqlite3.h sqlite3 sqlite | libsqlite3-dev | sqlite-devel | sqlite-dev | sqlite
db.h db berkeleydb | libdb-dev | libdb-devel | db-dev | berkeley-db
gdbm.h gdbm | libgdbm-dev | gdbm-devel | gdbm-dev | gdbm
lmdb.h lmdb | liblmdb-dev | lmdb-devel | lmdb-dev | lmdb
leveldb leveldb.h db.h | libleveldb-dev | leveldb-devel | leveldb-dev | leveldb
rocksdb rocksdb.h c.h | librocksdb-dev | rocksdb-devel | rocksdb-dev | rocksdb
snappy-c.h snappy snappy.h | libsnappy-dev | snappy-devel | snappy-dev | snappy
lz4.h lz4 | liblz4-dev | lz4-devel | lz4-dev | lz4
zstd.h zstd libzstd | libzstd-dev | libzstd-devel | zstd-dev | zstd
bzlib.h bz2 | libbz2-dev | bzip2-devel | bzip2-dev | bzip2
lzma.h lzma liblzma | liblzma-dev | xz-devel | xz-dev | xz
lzo1x.h lzo2 lzo | liblzo2-dev | lzo-devel | lzo-dev | lzo
memcached.h memcached libmemcached | libmemcached-dev | libmemcached-awesome-devel | libmemcached-dev | libmemcached
curl-config curl.h libcurl curl | libcurl4-openssl-dev libssl-dev | libcurl-devel | curl-dev | curl
pcre.h pcre pcre-config | libpcre3-dev | pcre-devel | pcre-dev | pcre
pcre2.h pcre2 | libpcre2-dev | pcre2-devel | pcre2-dev | pcre2
re2.h re2 | libre2-dev | re2-devel | re2-dev | re2
yaml.h yaml | libyaml-dev | libyaml-devel | yaml-dev | libyaml
expat.h expat | libexpat1-dev | expat-devel | expat-dev | expat
gmp.h gmp | libgmp-dev | gmp-devel | gmp-dev | gmp
mpfr.h mpfr | libmpfr-dev | mpfr-devel | mpfr-dev | mpfr
mpc.h mpc | libmpc-dev | libmpc-devel | mpc1-dev | libmpc
hdf5.h hdf5 HDF5 libhdf5 | libhdf5-dev pkg-config | hdf5-devel | hdf5-dev | hdf5
netcdf.h netcdf nc-config | libnetcdf-dev | netcdf-devel | netcdf-dev | netcdf
gdal.h gdal-config gdal GDAL libgdal | libgdal-dev | gdal-devel | gdal-dev | gdal
geos_c.h geos-config geos GEOS geos_c | libgeos-dev | geos-devel | geos-dev | geos
proj.h proj_api.h proj PROJ | libproj-dev proj-bin | proj-devel | proj-dev | proj
spatialindex spatialindex_c libspatialindex | libspatialindex-dev | spatialindex-devel | libspatialindex-dev | spatialindex
blas openblas OpenBLAS lapack BLAS LAPACK cblas.h lapack.h scipy-openblas | libopenblas-dev | openblas-devel | openblas-dev | openblas
atlas | libatlas-base-dev | atlas-devel | openblas-dev | openblas
fftw3.h fftw3 | libfftw3-dev | fftw-devel | fftw-dev | fftw
gsl_math.h gsl gsl-config | libgsl-dev | gsl-devel | gsl-dev | gsl
eigen Eigen eigen3 Core | libeigen3-dev | eigen3-devel | eigen-dev | eigen
boost Boost boost_python python.hpp | libboost-all-dev | boost-devel | boost-dev | boost-python3
xmlsec1 xmlsec xmlsec.h xmlsec1-config | libxmlsec1-dev pkg-config | xmlsec1-devel xmlsec1-openssl-devel | xmlsec-dev | libxmlsec1
magic.h magic libmagic | libmagic-dev | file-devel | file-dev | libmagic
zbar.h zbar | libzbar-dev | zbar-devel | zbar-dev | zbar
MagickWand.h MagickWand Wand-config ImageMagick | libmagickwand-dev | ImageMagick-devel | imagemagick-dev | imagemagick
GraphicsMagick | libgraphicsmagick1-dev | GraphicsMagick-devel | graphicsmagick-dev | graphicsmagick
graphviz cgraph.h gvc.h cgraph dot | libgraphviz-dev | graphviz-devel | graphviz-dev | graphviz
poppler poppler-cpp poppler-document.h | libpoppler-cpp-dev | poppler-cpp-devel | poppler-dev | poppler
mupdf | libmupdf-dev | mupdf-devel | mupdf-dev | mupdf
tesseract baseapi.h lept leptonica | libtesseract-dev libleptonica-dev | tesseract-devel leptonica-devel | tesseract-ocr-dev leptonica-dev | tesseract
enchant enchant.h | libenchant-2-dev | enchant2-devel | enchant2-dev | enchant
hunspell hunspell.hxx hunspell.h | libhunspell-dev | hunspell-devel | hunspell-dev | hunspell
icu icu-config icu-i18n icu-uc utypes.h unistr.h | libicu-dev pkg-config | libicu-devel | icu-dev | icu4c
mecab mecab-config mecab.h | libmecab-dev mecab | mecab-devel | mecab-dev | mecab
usb.h libusb libusb-1.0 usb-1.0 | libusb-1.0-0-dev | libusb1-devel | libusb-dev | libusb
udev libudev.h libudev | libudev-dev | systemd-devel | eudev-dev | -
hidapi hidapi.h | libhidapi-dev | hidapi-devel | hidapi-dev | hidapi
bluetooth bluetooth.h | libbluetooth-dev | bluez-libs-devel | bluez-dev | -
pcap.h pcap pcap-config libpcap | libpcap-dev | libpcap-devel | libpcap-dev | libpcap
netfilter_queue libnetfilter_queue.h | libnetfilter-queue-dev | libnetfilter_queue-devel | libnetfilter_queue-dev | -
nl nl-3 libnl | libnl-3-dev | libnl3-devel | libnl3-dev | -
cups cups.h cups-config | libcups2-dev | cups-devel | cups-dev | cups
sane sane.h | libsane-dev | sane-backends-devel | sane-dev | sane-backends
gphoto2 gphoto2.h libgphoto2 | libgphoto2-dev | libgphoto2-devel | libgphoto2-dev | libgphoto2
augeas augeas.h | libaugeas-dev | augeas-devel | augeas-dev | augeas
libvirt libvirt.h | libvirt-dev | libvirt-devel | libvirt-dev | libvirt
archive archive.h libarchive | libarchive-dev | libarchive-devel | libarchive-dev | libarchive
sodium sodium.h libsodium | libsodium-dev | libsodium-devel | libsodium-dev | libsodium
gnutls | libgnutls28-dev | gnutls-devel | gnutls-dev | gnutls
gpgme gpgme.h gpgme-config | libgpgme-dev | gpgme-devel | gpgme-dev | gpgme
secp256k1 secp256k1.h libsecp256k1 | libsecp256k1-dev | libsecp256k1-devel | libsecp256k1-dev | -
zmq zmq.h libzmq | libzmq3-dev | zeromq-devel | zeromq-dev | zeromq
rabbitmq amqp.h librabbitmq | librabbitmq-dev | librabbitmq-devel | rabbitmq-c-dev | rabbitmq-c
rdkafka rdkafka.h librdkafka | librdkafka-dev | librdkafka-devel | librdkafka-dev | librdkafka
event event.h libevent | libevent-dev | libevent-devel | libevent-dev | libevent
ev ev.h libev | libev-dev | libev-devel | libev-dev | libev
uv uv.h libuv | libuv1-dev | libuv-devel | libuv-dev | libuv
cares ares.h | libc-ares-dev | c-ares-devel | c-ares-dev | c-ares
readline readline.h | libreadline-dev | readline-devel | readline-dev | readline
ncurses ncurses.h curses.h ncurses5-config ncurses6-config | libncurses-dev | ncurses-devel | ncurses-dev | ncurses
tk tk.h tcl tcl.h tkinter _tkinter | tk-dev | tk-devel | tk-dev | tcl-tk
GL libGL.so.1 libGL gl.h GL.h | libgl1 libgl1-mesa-dev | mesa-libGL mesa-libGL-devel | mesa-gl mesa-dev | mesa
glut GLUT glut.h | freeglut3-dev | freeglut-devel | freeglut-dev | freeglut
EGL egl.h | libegl-dev | mesa-libEGL-devel | mesa-dev | mesa
libglib-2.0.so.0 libgthread-2.0.so.0 | libglib2.0-0 | glib2 | glib | glib
libSM.so.6 libXext.so.6 libXrender.so.1 | libsm6 libxext6 libxrender1 | libSM libXext libXrender | libsm libxext libxrender | -
libgomp.so.1 gomp omp.h | libgomp1 | libgomp | libgomp | libomp
libstdc++.so.6 | libstdc++6 | libstdc++ | libstdc++ | gcc
X11 Xlib.h x11 libX11 | libx11-dev | libX11-devel | libx11-dev | libx11
Xss xscrnsaver | libxss-dev | libXScrnSaver-devel | libxscrnsaver-dev | -
sdl sdl-config sdl2-config SDL.h SDL | libsdl2-dev | SDL2-devel | sdl2-dev | sdl2
qmake qmake6 Qt5 Qt6 qt | qt6-base-dev | qt6-qtbase-devel | qt6-qtbase-dev | qt
wx-config wx wxWidgets | libwxgtk3.2-dev | wxGTK-devel | wxwidgets-dev | wxwidgets
vips libvips vips.h | libvips-dev | vips-devel | vips-dev | vips
opencv | libopencv-dev | opencv-devel | opencv-dev | opencv
raqm fribidi harfbuzz hb.h | libraqm-dev libfribidi-dev libharfbuzz-dev | libraqm-devel fribidi-devel harfbuzz-devel | libraqm-dev fribidi-dev harfbuzz-dev | libraqm
pango pangocairo pango-1.0 | libpango1.0-dev | pango-devel | pango-dev | pango
soup webkit2gtk webkit2gtk-4.0 | libwebkit2gtk-4.1-dev | webkit2gtk4.1-devel | webkit2gtk-dev | -
crypt crypt.h | libcrypt-dev | libxcrypt-devel | libxcrypt-dev | libxcrypt
acl sys/acl.h acl.h | libacl1-dev | libacl-devel | acl-dev | -
attr xattr.h xattr | libattr1-dev | libattr-devel | attr-dev | -
cap sys/capability.h capability.h | libcap-dev | libcap-devel | libcap-dev | -
seccomp seccomp.h | libseccomp-dev | libseccomp-devel | libseccomp-dev | -
numa numa.h | libnuma-dev | numactl-devel | numactl-dev | -
fuse fuse.h fuse3 | libfuse-dev | fuse-devel | fuse-dev | -
inotify | inotify-tools | inotify-tools | inotify-tools-dev | -
pam security/pam_appl.h pam_appl.h | libpam0g-dev | pam-devel | linux-pam-dev | -
mpi mpicc mpi.h MPI | libopenmpi-dev | openmpi-devel | openmpi-dev | open-mpi
nvcc cuda.h cuda_runtime.h | nvidia-cuda-toolkit | cuda-toolkit | - | -
suitesparse umfpack.h cholmod.h | libsuitesparse-dev | suitesparse-devel | suitesparse-dev | suite-sparse
glpk glpk.h | libglpk-dev | glpk-devel | glpk-dev | glpk
igraph igraph.h | libigraph-dev | igraph-devel | igraph-dev | igraph
samplerate samplerate.h | libsamplerate0-dev | libsamplerate-devel | libsamplerate-dev | libsamplerate
rubberband | librubberband-dev | rubberband-devel | rubberband-dev | rubberband
taglib tag.h tag | libtag1-dev | taglib-devel | taglib-dev | taglib
espeak speak_lib.h | libespeak-dev | espeak-devel | espeak-dev | espeak
aspell aspell.h | libaspell-dev | aspell-devel | aspell-dev | aspell
raptor2 redland rasqal | librdf0-dev | redland-devel | redland-dev | redland
ta_defs.h ta-lib ta_lib ta-lib.h | libta-lib-dev | ta-lib-devel | - | ta-lib
wkhtmltopdf | wkhtmltopdf | wkhtmltopdf | wkhtmltopdf | wkhtmltopdf
unzip | unzip | unzip | unzip | unzip
wget | wget | wget | wget | wget
perl | perl | perl | perl | perl
go | golang | golang | go | go
"""


def _entries() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in _TABLE.strip().splitlines():
        wanted, *packages = (cell.strip() for cell in row.split("|"))
        for name in wanted.split():
            found.setdefault(name.lower(), tuple(packages))
    return found


_PACKAGES = _entries()
_TAIL = re.compile(r"(?:-\d+(?:\.\d+)*|-dev|\.pc|-config)$")


def packages_for(wanted: str) -> dict[str, str]:
    """Return install commands by system for a header, library or program; empty where unknown."""
    base = wanted.strip().strip("'\"`").rstrip(":").lower()
    last = base.rsplit("/", 1)[-1]
    for name in (
        base,
        last,
        _TAIL.sub("", last),
        last.removeprefix("lib"),
        last.removesuffix("-sys"),
    ):
        if packages := _PACKAGES.get(name):
            return {
                system: f"{command} {package}"
                for (system, command), package in zip(_SYSTEMS, packages, strict=True)
                if package != "-"
            }
    return {}
