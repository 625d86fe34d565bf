<?php

// Shown when the database cannot be used: no details for visitors, they are in the error log.
WordPressImage\Page::unavailable('The site cannot reach its database at the moment. It will be back by itself.');
